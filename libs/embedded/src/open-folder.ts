import { accessSync, chmodSync, constants, mkdirSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ServerUnavailableError } from './embedded.error';

/**
 * Makes the folder when it is missing. Folders made here can be passed through but not listed by others: as root the
 * database's account must get in.
 *
 * @returns its real path.
 * @throws {ServerUnavailableError} when this account cannot use it.
 */
export function openFolder(folder: string): string {
  const target = resolve(folder);
  try {
    const first = mkdirSync(target, { recursive: true });
    if (first !== undefined) {
      // By length: never above what was made here, whatever form the first path has.
      for (let made = target; made.length >= first.length; made = dirname(made)) chmodSync(made, 0o711);
    }
    accessSync(target, constants.R_OK | constants.W_OK | constants.X_OK);
    return realpathSync(target);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ServerUnavailableError(
      `This account cannot use the data folder ${folder} (${reason}). Was it made by root, or by somebody else?`,
      { cause },
    );
  }
}
