import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { BucketConfig } from '@app/config';
import type { HeadObjectCommandOutput, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SegmentDiffersError, SegmentGoneError } from '../archive.error';
import type { FileContent } from '../file-content';
import { isPassing, toUnavailable } from './s3-error';

export interface S3Limits {
  /** After so long without a byte a request has failed. */
  readonly idleMs: number;
  /** Of each request, the first included. */
  readonly tries: number;
  /** Of one page of a list. */
  readonly listKeys: number;
}

const LIMITS: S3Limits = { idleMs: 10_000, tries: 3, listKeys: 1000 };

/** Doubled from try to try; what is waited is a random part of it. */
const FIRST_PAUSE_MS = 250;

/** The slowest that a transfer may be, beyond `idleMs`. */
const BYTES_PER_MS = 250;

/**
 * The objects of a bucket. An object carries the SHA-256 of its content among its metadata, so that whoever reads it can
 * tell whether it still is what was written.
 *
 * Each call tries again what may pass: no answer, 5xx, 429. Then it throws a `SegmentUnavailableError`, which says
 * what S3 said and never holds a key.
 */
export class S3Bucket {
  private readonly limits: S3Limits;
  private opening: Promise<S3Client> | undefined;

  constructor(
    private readonly address: BucketConfig,
    limits: Partial<S3Limits> = {},
  ) {
    this.limits = { ...LIMITS, ...limits };
  }

  /** In one request: what is cut off leaves no object and no parts. Bytes that were changed on the way are refused. */
  async upload(file: string, path: string, { bytes, sha256 }: FileContent): Promise<void> {
    const { PutObjectCommand } = await import('@aws-sdk/client-s3');
    await this.trying(`PUT ${file}`, bytes, async (client, abortSignal) => {
      const body = createReadStream(path);
      const content = { Body: body, ContentLength: bytes, ChecksumSHA256: sha256.toString('base64') };
      const command = new PutObjectCommand({
        ...this.named(file),
        ...content,
        ContentType: 'application/vnd.apache.parquet',
        Metadata: { sha256: sha256.toString('hex') },
      });
      signContent(command, sha256);
      try {
        await client.send(command, { abortSignal });
      } finally {
        body.destroy();
      }
    });
  }

  async has(file: string): Promise<boolean> {
    try {
      await this.head(file);
      return true;
    } catch (error) {
      if (error instanceof SegmentGoneError) return false;
      throw error;
    }
  }

  /** @throws {SegmentDiffersError} when what the bucket has is something else. */
  async verify(file: string, { bytes, sha256 }: FileContent): Promise<void> {
    const head = await this.head(file);
    const same = head.ContentLength === bytes && head.Metadata?.['sha256'] === sha256.toString('hex');
    if (!same) throw this.differs(file);
    // Not every server keeps one; then what it gives back is read.
    if (head.ChecksumSHA256 === undefined) await this.read(file, () => Promise.resolve());
    else if (head.ChecksumSHA256 !== sha256.toString('base64')) throw this.differs(file);
  }

  /**
   * Gives `take` the content, piece by piece; from the beginning again where the connection broke.
   *
   * @param take told the place of the piece.
   * @returns what it was given.
   * @throws {SegmentDiffersError} after the last piece, when it is not what was written.
   */
  async read(file: string, take: (chunk: Buffer, at: number) => Promise<void>): Promise<FileContent> {
    const { GetObjectCommand } = await import('@aws-sdk/client-s3');
    return this.trying(`GET ${file}`, MAX_OBJECT_BYTES, async (client, abortSignal) => {
      const answer = await client.send(new GetObjectCommand(this.named(file)), { abortSignal });
      const hash = createHash('sha256');
      let at = 0;
      for await (const chunk of answer.Body as Readable as AsyncIterable<Buffer>) {
        hash.update(chunk);
        await take(chunk, at);
        at += chunk.length;
      }
      const sha256 = hash.digest();
      const same = at === answer.ContentLength && sha256.toString('hex') === answer.Metadata?.['sha256'];
      if (!same) throw this.differs(file);
      return { bytes: at, sha256 };
    });
  }

  /** Whether it is there or not. */
  async remove(file: string): Promise<void> {
    const { DeleteObjectCommand } = await import('@aws-sdk/client-s3');
    await this.trying(`DELETE ${file}`, 0, (client, abortSignal) =>
      client.send(new DeleteObjectCommand(this.named(file)), { abortSignal }),
    );
  }

  /** Every name that begins so. */
  async list(prefix: string): Promise<string[]> {
    const { ListObjectsV2Command } = await import('@aws-sdk/client-s3');
    const { Bucket, Key: Prefix } = this.named(prefix);
    const names: string[] = [];
    let token: string | undefined;
    do {
      const ContinuationToken = token;
      const page = await this.trying('LIST', 0, (client, abortSignal) => {
        const options = { Bucket, Prefix, MaxKeys: this.limits.listKeys, ContinuationToken };
        return client.send(new ListObjectsV2Command(options), { abortSignal });
      });
      for (const { Key = '' } of page.Contents ?? []) names.push(Key.slice(this.address.prefix.length));
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
    return names;
  }

  async close(): Promise<void> {
    const { opening } = this;
    this.opening = undefined;
    (await opening)?.destroy();
  }

  private async head(file: string): Promise<HeadObjectCommandOutput> {
    const { HeadObjectCommand } = await import('@aws-sdk/client-s3');
    return this.trying(`HEAD ${file}`, 0, (client, abortSignal) =>
      client.send(new HeadObjectCommand({ ...this.named(file), ChecksumMode: 'ENABLED' }), { abortSignal }),
    );
  }

  private named(file: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.address.bucket, Key: `${this.address.prefix}${file}` };
  }

  private differs(file: string): SegmentDiffersError {
    return new SegmentDiffersError(`Bucket ${this.address.bucket} has something else in ${this.named(file).Key}.`);
  }

  private async trying<T>(
    what: string,
    bytes: number,
    once: (client: S3Client, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    this.opening ??= this.open();
    const client = await this.opening;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(client, AbortSignal.timeout(this.limits.idleMs + Math.ceil(bytes / BYTES_PER_MS)));
      } catch (error) {
        if (attempt === this.limits.tries || !isPassing(error)) throw toUnavailable(error, this.address.bucket, what);
      }
      await delay(Math.random() * FIRST_PAUSE_MS * 2 ** attempt);
    }
  }

  private async open(): Promise<S3Client> {
    // 22 MB that a process without a bucket need not load.
    const { S3Client } = await import('@aws-sdk/client-s3');
    const { endpoint, region, credentials, pathStyle } = this.address;
    const { idleMs } = this.limits;
    return new S3Client({
      region,
      forcePathStyle: pathStyle,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(credentials === undefined ? {} : { credentials }),
      // A stream cannot be sent twice, so that its own retries would leave out what takes longest.
      maxAttempts: 1,
      // Its own checksums travel behind the body, which many servers do not understand.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { connectionTimeout: idleMs, socketTimeout: idleMs },
      logger: SILENT,
    });
  }
}

/** A segment has at most 1 GiB of text before it is packed. */
const MAX_OBJECT_BYTES = 1024 * 1024 * 1024;

const nothing = (): void => undefined;
/** What is wrong is thrown; it writes to the console besides. */
const SILENT = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

/** Every S3 server refuses a body that has another hash than the signature, whether it knows newer checksums or not. */
function signContent(command: PutObjectCommand, sha256: Buffer): void {
  command.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { readonly headers: Record<string, string> };
      headers['x-amz-content-sha256'] = sha256.toString('hex');
      return next(args);
    },
    { step: 'build', name: 'signContent' },
  );
}
