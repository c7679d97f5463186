import { chmodSync, cpSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ServerUnavailableError } from './embedded.error';
import { runsAsRoot } from './os-user';

/**
 * Copies the programs (60 MB) once per machine and account, for a checkout that the server's account cannot reach or
 * that may not be written.
 *
 * @param name of the copy; must differ for different contents.
 * @param complete finishes the copy before anybody sees it.
 */
export function copyBinaries(native: string, name: string, complete: (copy: string) => void): string {
  const problems: string[] = [];
  for (const cache of cacheFolders()) {
    try {
      mkdirSync(cache, { recursive: true, mode: 0o755 });
      refuseUntrusted(cache);
      const copy = join(cache, name);
      if (lstatSync(copy, { throwIfNoEntry: false }) === undefined) makeCopy(native, copy, complete);
      refuseUntrusted(copy);
      return join(copy, basename(native));
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new ServerUnavailableError(`The PostgreSQL programs cannot be copied: ${problems.join('; ')}`);
}

function cacheFolders(): string[] {
  if (runsAsRoot()) return ['/var/cache/millrace'];
  return [join(homedir(), '.cache/millrace'), join(tmpdir(), `millrace-${process.getuid?.() ?? 0}`)];
}

/** What another account could have put there is never run. */
function refuseUntrusted(folder: string): void {
  const stat = lstatSync(folder);
  const ours = stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o022) === 0;
  if (!ours) throw new Error(`${folder} is not a folder that only this account can write`);
}

/** The copy appears whole or not at all. */
function makeCopy(native: string, copy: string, complete: (copy: string) => void): void {
  const staging = mkdtempSync(`${copy}.new-`);
  try {
    const inside = join(staging, basename(native));
    cpSync(native, inside, { recursive: true, verbatimSymlinks: true });
    complete(inside);
    openToReaders(staging);
    renameSync(staging, copy);
  } catch (error) {
    // Another process has made it meanwhile.
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Whatever the umask was when npm or we wrote: everybody may read, the owner alone may write. */
function openToReaders(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) openToReaders(path);
    else if (entry.isFile()) chmodSync(path, basename(folder) === 'bin' ? 0o755 : 0o644);
  }
}
