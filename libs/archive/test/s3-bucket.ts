import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { S3Server } from '@app/testing';
import type { S3StorageOptions } from '../src/s3/s3-segment-storage';

/** A new bucket of a test's own, as others than the storage see it. */
export class TestBucket {
  private constructor(
    readonly name: string,
    private readonly client: S3Client,
    private readonly server: S3Server,
  ) {}

  static async on(server: S3Server): Promise<TestBucket> {
    const { accessKeyId, secretAccessKey, port } = server;
    const client = new S3Client({
      region: 'us-east-1',
      endpoint: `http://127.0.0.1:${port}`,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
    });
    const name = `millrace-${randomUUID()}`;
    await client.send(new CreateBucketCommand({ Bucket: name }));
    return new TestBucket(name, client, server);
  }

  options(folder: string, endpoint = `http://127.0.0.1:${this.server.port}`): S3StorageOptions {
    const { accessKeyId, secretAccessKey } = this.server;
    const credentials = { accessKeyId, secretAccessKey };
    const place = { bucket: this.name, region: 'us-east-1', prefix: 'old/events/', pathStyle: true };
    return { ...place, endpoint, credentials, folder, cacheBytes: 10_000_000 };
  }

  /** Changes one byte, and nothing of what is said about the object. */
  async spoil(key: string): Promise<void> {
    const place = { Bucket: this.name, Key: key };
    const { Body, Metadata } = await this.client.send(new GetObjectCommand(place));
    const bytes = await Body!.transformToByteArray();
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    await this.client.send(new PutObjectCommand({ ...place, Body: bytes, Metadata }));
  }

  close(): void {
    this.client.destroy();
  }
}
