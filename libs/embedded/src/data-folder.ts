import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { FolderLock } from './folder-lock';
import { openFolder } from './open-folder';
import { readIfExists, writeWhole } from './whole-file';

/** A folder that belongs to one process at a time, with files that only this account can read. */
export class DataFolder {
  private constructor(
    /** Real path. */
    readonly path: string,
    private readonly lock: FolderLock,
  ) {}

  /**
   * Makes the folder when it is missing, and takes it.
   *
   * @throws {FolderInUseError} with the pid of the live process that has it.
   * @throws {ServerUnavailableError} when this account cannot use it.
   */
  static open(path: string): DataFolder {
    const real = openFolder(path);
    return new DataFolder(real, FolderLock.acquire(real));
  }

  /** Text of a file of a folder that may belong to another process. */
  static read(path: string, name: string): string | undefined {
    return readIfExists(join(path, name));
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Whoever reads the file finds the old text or the new one, also after a crash in the middle. */
  write(name: string, text: string): void {
    writeWhole(this.file(name), text, 0o600);
  }

  remove(name: string): void {
    rmSync(this.file(name), { force: true });
  }

  /** Gives the folder back. May be called twice. */
  close(): void {
    this.lock.release();
  }
}
