import { setTimeout as pause } from 'node:timers/promises';
import { ColdFileGoneError, ColdUnavailableError } from '@app/persistence';

export interface Patience {
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** How long to try again. */
  readonly longestMs: number;
  /** Before the first new try; each further one waits twice as long, up to five seconds. */
  readonly pauseMs: number;
  /** Told once, when it begins to wait. */
  readonly onWait: (error: ColdUnavailableError) => void;
}

const LONGEST_PAUSE_MS = 5000;

/**
 * Reads, and again while old events could not be read now: a file on its way from a bucket is here after some tries, and
 * others do not hold the places for ever. A file that is lost stays lost.
 *
 * @throws what the last try has thrown; when the signal is aborted, anything.
 */
export async function onceReadable<T>(
  read: () => Promise<T>,
  { signal, longestMs, pauseMs, onWait }: Patience,
): Promise<T> {
  const endAt = performance.now() + longestMs;
  for (let tries = 0; ; tries += 1) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ColdUnavailableError) || error instanceof ColdFileGoneError) throw error;
      if (signal.aborted || performance.now() >= endAt) throw error;
      if (tries === 0) onWait(error);
      await pause(Math.min(pauseMs * 2 ** tries, LONGEST_PAUSE_MS), undefined, { signal });
    }
  }
}
