import { once } from 'node:events';
import type { Writable } from 'node:stream';

export interface Pace {
  /** Ends the writing. */
  readonly signal: AbortSignal;
  /** How long a reader may take nothing at all. */
  readonly stallMs: number;
}

/**
 * Writes the pieces as fast as they are taken: the next one is asked for when what was written before has gone, so that
 * one piece is in memory however slow the reader is. Does not end the stream.
 *
 * @throws when the signal is aborted, or nothing was taken for so long.
 */
export async function writePaced(
  pieces: AsyncIterable<string>,
  to: Writable,
  { signal, stallMs }: Pace,
): Promise<void> {
  for await (const piece of pieces) {
    signal.throwIfAborted();
    if (piece === '' || to.write(piece)) continue;
    const stalled = new AbortController();
    const timer = setTimeout(() => {
      stalled.abort(new Error(`The reader has taken nothing for ${stallMs} ms.`));
    }, stallMs);
    try {
      await once(to, 'drain', { signal: AbortSignal.any([signal, stalled.signal]) });
    } finally {
      clearTimeout(timer);
    }
  }
}
