import { randomUUID } from 'node:crypto';
import { linkSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FolderInUseError } from './embedded.error';
import { processIdentity } from './process-identity';

interface Owner {
  readonly pid: number;
  readonly identity: string;
  /** Path of the folder, so that a copy of the folder is not locked by the owner of the original. */
  readonly folder: string;
}

const NAME = /^owner\.(\d{1,15})\.lock$/;
const nameOf = (generation: number): string => `owner.${generation}.lock`;

/**
 * One process per folder, also after `kill -9`: the lock of a process that is gone does not count.
 *
 * Each owner takes the next generation by creating its file, which only one process can. A generation is never taken
 * below one that exists: the newest file stays when it is released, and older ones are removed only after a newer one
 * is there. So a process that saw a dead owner, and was slow, cannot undo what a faster one did meanwhile.
 */
export class FolderLock {
  private released = false;

  private constructor(
    private readonly folder: string,
    private readonly generation: number,
  ) {}

  /** @throws {FolderInUseError} with the pid of the owner, which may be this process. */
  static acquire(path: string): FolderLock {
    const folder = realpathSync(path);
    const newest = generations(folder).at(-1) ?? 0;
    refuseIfOwned(folder, newest);
    const generation = newest + 1;
    // Another one was faster: look again, its owner may be alive or gone already.
    if (!createOwner(folder, generation)) return FolderLock.acquire(folder);
    if (generations(folder).at(-1) !== generation) {
      rmSync(join(folder, nameOf(generation)), { force: true });
      return FolderLock.acquire(folder);
    }
    for (const old of generations(folder).filter((each) => each < generation)) {
      rmSync(join(folder, nameOf(old)), { force: true });
    }
    return new FolderLock(folder, generation);
  }

  /** May be called twice. */
  release(): void {
    if (this.released) return;
    this.released = true;
    const temporary = join(this.folder, `owner.${randomUUID()}.tmp`);
    writeFileSync(temporary, '{}\n', { mode: 0o644 });
    renameSync(temporary, join(this.folder, nameOf(this.generation)));
  }
}

function generations(folder: string): number[] {
  return readdirSync(folder)
    .map((name) => Number(NAME.exec(name)?.[1] ?? 0))
    .filter((generation) => generation > 0)
    .sort((a, b) => a - b);
}

function refuseIfOwned(folder: string, generation: number): void {
  const owner = readOwner(folder, generation);
  if (owner?.folder === folder && processIdentity(owner.pid) === owner.identity) {
    throw new FolderInUseError(folder, owner.pid);
  }
}

function readOwner(folder: string, generation: number): (Partial<Owner> & { readonly pid: number }) | undefined {
  try {
    const owner = JSON.parse(readFileSync(join(folder, nameOf(generation)), 'utf8')) as Partial<Owner>;
    return owner.pid === undefined ? undefined : { ...owner, pid: owner.pid };
  } catch {
    return undefined; // Removed by the next owner, or damaged by a full disk: nobody's.
  }
}

/** False when the generation is taken. The file appears with its content or not at all. */
function createOwner(folder: string, generation: number): boolean {
  const identity = processIdentity(process.pid) ?? '';
  const owner: Owner = { pid: process.pid, identity, folder };
  const temporary = join(folder, `owner.${randomUUID()}.tmp`);
  writeFileSync(temporary, `${JSON.stringify(owner)}\n`, { mode: 0o644 });
  try {
    linkSync(temporary, join(folder, nameOf(generation)));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(temporary, { force: true });
  }
}
