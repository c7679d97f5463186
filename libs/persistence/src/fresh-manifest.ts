import { ColdFileGoneError } from './cold-events.error';

const TRIES = 4;

/**
 * Reads both tiers, and once more when a file has gone between the look at the manifest and the reading: a process that
 * was stopped in between for longer than files are kept. Each try must begin with the manifest.
 *
 * @throws {ColdFileGoneError} when the newest manifest names a file that is not there.
 */
export async function withFreshManifest<T>(read: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ColdFileGoneError) || tries === TRIES) throw error;
    }
  }
}
