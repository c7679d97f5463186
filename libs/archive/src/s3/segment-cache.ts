import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

export interface CacheOptions {
  readonly folder: string;
  readonly maxBytes: number;
  /** Resolves once the whole file is at the path, and on disk. */
  readonly fetch: (file: string, path: string) => Promise<void>;
}

interface CachedFile {
  readonly name: string;
  readonly bytes: number;
  readonly usedMs: number;
  readonly enteredMs: number;
}

/** Longer than any transfer stands still. */
const DEAD_DRAFT_MS = 10 * 60_000;

/**
 * What nobody read for so long goes in any case: a file of which the manifest no longer knows, since an erasure has written it
 * anew, was in no list from then on.
 */
const MAX_UNUSED_MS = 60 * 60_000;
const LOOK_ROUND_MS = 10 * 60_000;

/** Between two marks that a file is in use. */
const MARK_MS = 60_000;

/** What another process has fetched, it opens at once. */
const OPENING_MS = 5000;

/** Another process may take a file away before it is opened, and again. */
const MAX_TRIES = 5;

/**
 * Files that were fetched, in a folder that several processes may share. It has at most `maxBytes`, and what is being read
 * beyond. Whoever reads holds his files; other processes do not know of that, and a file that they took away before it was
 * opened is fetched again. One that is open stays readable without its name.
 *
 * When a file was used last is its time of access. The time of change stays what it is: DuckDB would read footers again.
 */
export class SegmentCache {
  private readonly readers = new Map<string, number>();
  /** What this process has fetched: it knows who reads it. */
  private readonly ours = new Set<string>();
  private readonly fetching = new Map<string, Promise<void>>();
  private makingRoom = Promise.resolve();
  private isOver = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: CacheOptions) {}

  /** Removes what a process that died has left, and from then on what nobody uses. May be called again. */
  async open(): Promise<void> {
    await mkdir(this.options.folder, { recursive: true, mode: 0o700 });
    if (this.timer !== undefined) return;
    this.timer = setInterval(() => void this.makeRoom().catch(() => undefined), LOOK_ROUND_MS).unref();
    await this.makeRoom();
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  async has(file: string): Promise<boolean> {
    return this.mark(file);
  }

  async reading<T>(files: readonly string[], read: (paths: readonly string[]) => Promise<T>): Promise<T> {
    for (const file of files) this.readers.set(file, (this.readers.get(file) ?? 0) + 1);
    try {
      return await this.readingHeld(files, read);
    } finally {
      for (const file of files) this.release(file);
      // What was read was read, whatever the disk says now.
      if (this.isOver) await this.makeRoom().catch(() => undefined);
    }
  }

  /** Takes in a file that is on this disk already. */
  async adopt(path: string, file: string): Promise<void> {
    await this.enter(path, file);
  }

  async remove(file: string): Promise<void> {
    await rm(this.pathOf(file), { force: true });
  }

  private async readingHeld<T>(files: readonly string[], read: (paths: readonly string[]) => Promise<T>): Promise<T> {
    await this.open();
    for (let attempt = 1; ; attempt += 1) {
      await Promise.all(files.map((file) => this.bring(file)));
      try {
        return await read(files.map((file) => this.pathOf(file)));
      } catch (error) {
        const there = await Promise.all(files.map((file) => this.mark(file)));
        if (attempt === MAX_TRIES || there.every((isThere) => isThere)) throw error;
      }
    }
  }

  private release(file: string): void {
    const left = (this.readers.get(file) ?? 1) - 1;
    if (left === 0) this.readers.delete(file);
    else this.readers.set(file, left);
  }

  private async bring(file: string): Promise<void> {
    if (await this.mark(file)) return;
    let fetching = this.fetching.get(file);
    if (fetching === undefined) {
      fetching = this.fetch(file).finally(() => this.fetching.delete(file));
      this.fetching.set(file, fetching);
    }
    await fetching;
  }

  /** @returns whether it is there. */
  private async mark(file: string): Promise<boolean> {
    const path = this.pathOf(file);
    try {
      const { atimeMs, mtime } = await stat(path);
      const now = Date.now();
      if (now - atimeMs > MARK_MS) await utimes(path, now / 1000, mtime);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  private async fetch(file: string): Promise<void> {
    const draft = `${this.pathOf(file)}.${randomUUID()}.tmp`;
    try {
      await this.options.fetch(file, draft);
      await this.enter(draft, file);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }

  private async enter(path: string, file: string): Promise<void> {
    const seconds = Date.now() / 1000;
    // Whole seconds can be written again exactly.
    await utimes(path, seconds, Math.floor(seconds));
    this.ours.add(file);
    await rename(path, this.pathOf(file));
    await this.makeRoom();
  }

  /** One after another: each sees the files that were there when it was asked for. */
  private makeRoom(): Promise<void> {
    this.makingRoom = this.makingRoom.catch(() => undefined).then(() => this.removeUnused());
    return this.makingRoom;
  }

  private async removeUnused(): Promise<void> {
    const files = await this.files();
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const now = Date.now();
    for (const file of files) {
      if (!this.mayGo(file, now, bytes > this.options.maxBytes)) continue;
      await rm(this.pathOf(file.name), { force: true });
      this.ours.delete(file.name);
      bytes -= file.bytes;
    }
    this.isOver = bytes > this.options.maxBytes;
  }

  private mayGo({ name, usedMs, enteredMs }: CachedFile, now: number, isTooMuch: boolean): boolean {
    if (name.endsWith('.tmp')) return now - usedMs > DEAD_DRAFT_MS;
    if (this.readers.has(name)) return false;
    if (now - usedMs > MAX_UNUSED_MS) return true;
    return isTooMuch && (this.ours.has(name) || now - enteredMs > OPENING_MS);
  }

  /** The one that was used least recently first. */
  private async files(): Promise<CachedFile[]> {
    const names = await readdir(this.options.folder);
    const found = await Promise.all(
      names.map(async (name) => {
        const is = await stat(this.pathOf(name)).catch(() => undefined);
        // A draft is not read: it was used when it was written to.
        return (
          is && { name, bytes: is.size, usedMs: name.endsWith('.tmp') ? is.mtimeMs : is.atimeMs, enteredMs: is.mtimeMs }
        );
      }),
    );
    return found.filter((file) => file !== undefined).sort((a, b) => a.usedMs - b.usedMs);
  }

  private pathOf(file: string): string {
    return join(this.options.folder, file);
  }
}
