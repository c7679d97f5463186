import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BucketConfig } from '@app/config';
import { PipelineError } from '@app/events';
import { SegmentNotWrittenError, SegmentUnavailableError } from '../archive.error';
import { contentOf, type FileContent } from '../file-content';
import { SegmentStorage } from '../segment-storage.port';
import { settleFile } from '../sync-to-disk';
import { S3Bucket, type S3Limits } from './s3-bucket';
import { SegmentCache } from './segment-cache';

export interface S3StorageOptions extends BucketConfig {
  /** Of this machine: for drafts, and below it what was fetched. Several processes may share it. */
  readonly folder: string;
  readonly cacheBytes: number;
}

/**
 * A bucket of an S3 server. Files are written and read in a folder of this machine. A file is published once the bucket was seen
 * to have it, and read once it was seen to be what was published.
 */
export class S3SegmentStorage extends SegmentStorage {
  private readonly folder: string;
  private readonly bucket: S3Bucket;
  private readonly cache: SegmentCache;

  constructor({ folder, cacheBytes, ...address }: S3StorageOptions, limits: Partial<S3Limits> = {}) {
    super();
    this.folder = folder;
    this.bucket = new S3Bucket(address, limits);
    const fetch = (file: string, path: string): Promise<void> => this.fetch(file, path);
    this.cache = new SegmentCache({ folder: join(folder, 'cache'), maxBytes: cacheBytes, fetch });
  }

  /** Begins to look after what was fetched earlier. Where that fails now, the first read tells. */
  start(): void {
    this.cache.open().catch(() => undefined);
  }

  /** Makes the folder where there is none. Asks the bucket for nothing: it may be away. */
  override async prepare(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await this.cache.open();
  }

  override draftPath(name: string): string {
    return join(this.folder, `${name}.tmp`);
  }

  override async settle(draft: string): Promise<void> {
    await settleFile(draft);
  }

  override async publish(draft: string, file: string): Promise<void> {
    try {
      const content = await contentOf(draft);
      await this.bucket.upload(file, draft, content);
      await this.bucket.verify(file, content);
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      throw new SegmentNotWrittenError(`A segment of old events could not be stored. ${error.message}`);
    }
    // What was moved last is what is read next.
    await this.cache.adopt(draft, file);
  }

  override reading<T>(files: readonly string[], read: (paths: readonly string[]) => Promise<T>): Promise<T> {
    return this.cache.reading(files, read);
  }

  override async has(file: string): Promise<boolean> {
    return (await this.cache.has(file)) || (await this.bucket.has(file));
  }

  /** Read past what was fetched, and not kept. */
  override async stored(file: string): Promise<FileContent> {
    return this.bucket.read(file, () => Promise.resolve());
  }

  override async remove(files: readonly string[]): Promise<void> {
    for (const file of files) {
      await rm(join(this.folder, file), { force: true });
      if (file.endsWith('.tmp')) continue;
      await this.cache.remove(file);
      await this.bucket.remove(file);
    }
  }

  override async list(prefix: string): Promise<string[]> {
    const drafts = await readdir(this.folder);
    return [...drafts.filter((name) => name.startsWith(prefix)), ...(await this.bucket.list(prefix))];
  }

  override async close(): Promise<void> {
    this.cache.close();
    await this.bucket.close();
  }

  private async fetch(file: string, path: string): Promise<void> {
    try {
      const handle = await open(path, 'wx', 0o600);
      try {
        await this.bucket.read(file, async (chunk, at) => {
          const { bytesWritten } = await handle.write(chunk, 0, chunk.length, at);
          if (bytesWritten < chunk.length) throw Object.assign(new Error('The disk is full.'), { code: 'ENOSPC' });
        });
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (error instanceof PipelineError) throw error;
      throw new SegmentUnavailableError(`${file} could not be brought to this machine.`, { cause: error });
    }
  }
}
