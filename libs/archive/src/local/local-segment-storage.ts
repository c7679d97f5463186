import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SegmentGoneError } from '../archive.error';
import { contentOf, type FileContent } from '../file-content';
import { SegmentStorage } from '../segment-storage.port';
import { settleFile, syncFolder } from '../sync-to-disk';

/** A folder of this machine. */
export class LocalSegmentStorage extends SegmentStorage {
  private readonly folder: string;

  constructor(folder: string) {
    super();
    this.folder = resolve(folder);
  }

  /** Makes the folder where there is none. */
  override async prepare(): Promise<void> {
    const made = await mkdir(this.folder, { recursive: true, mode: 0o700 });
    // A folder's name is in the one above it, which is a file of its own.
    for (let above = this.folder; made !== undefined && above.length >= made.length;) {
      above = dirname(above);
      await syncFolder(above);
    }
  }

  override draftPath(name: string): string {
    return join(this.folder, `${name}.tmp`);
  }

  override async settle(draft: string): Promise<void> {
    await settleFile(draft);
  }

  override async publish(draft: string, file: string): Promise<void> {
    await rename(draft, join(this.folder, file));
    // The name is in the folder, which is a file of its own.
    await syncFolder(this.folder);
  }

  override reading<T>(files: readonly string[], read: (paths: readonly string[]) => Promise<T>): Promise<T> {
    return read(files.map((file) => join(this.folder, file)));
  }

  override async has(file: string): Promise<boolean> {
    return access(join(this.folder, file)).then(
      () => true,
      () => false,
    );
  }

  override async stored(file: string): Promise<FileContent> {
    if (!(await this.has(file))) throw new SegmentGoneError(`The folder does not have ${file}.`);
    return contentOf(join(this.folder, file));
  }

  override async remove(files: readonly string[]): Promise<void> {
    for (const file of files) await rm(join(this.folder, file), { force: true });
    if (files.length > 0) await syncFolder(this.folder);
  }

  override async list(prefix: string): Promise<string[]> {
    const names = await readdir(this.folder);
    return names.filter((name) => name.startsWith(prefix));
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}
