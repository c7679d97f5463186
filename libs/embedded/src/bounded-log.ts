import { openSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { giveToFolderOwner } from './whole-file';

const MAX_BYTES = 10 * 1024 * 1024;

/** Opens a log file to append to. One that has grown beyond 10 MiB becomes `<file>.1`; the last `.1` goes. */
export function openBoundedLog(file: string): number {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MAX_BYTES) renameSync(file, `${file}.1`);
  const descriptor = openSync(file, 'a', 0o600);
  giveToFolderOwner(descriptor, dirname(file));
  return descriptor;
}
