import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SegmentStorage } from '../segment-storage.port';
import { syncToDisk } from '../sync-to-disk';

/** A folder of this machine. */
export class LocalSegmentStorage extends SegmentStorage {
  constructor(private readonly folder: string) {
    super();
  }

  /** Makes the folder where there is none. */
  override async prepare(): Promise<void> {
    // The files hold everything that clients have sent; DuckDB makes them readable to all.
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
  }

  override draftPath(name: string): string {
    return join(this.folder, `${name}.tmp`);
  }

  override async settle(draft: string): Promise<void> {
    await syncToDisk(draft, 'r+');
  }

  override async publish(draft: string, file: string): Promise<void> {
    await rename(draft, join(this.folder, file));
    // The name is in the folder, which is a file of its own.
    await syncToDisk(this.folder, 'r');
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

  override async remove(file: string): Promise<void> {
    await rm(join(this.folder, file), { force: true });
  }

  override async list(prefix: string): Promise<string[]> {
    const names = await readdir(this.folder);
    return names.filter((name) => name.startsWith(prefix));
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}
