import type { ServerResponse } from 'node:http';
import { drained } from '../../transport/drained';

export interface Pace {
  /** Ends the writing. */
  readonly signal: AbortSignal;
  /** How long a reader may take nothing at all. */
  readonly stallMs: number;
}

/**
 * Writes the pieces as fast as they are taken: the next one is asked for when what was written before has gone, so that
 * one piece is in memory however slow the reader is. Does not end the response.
 *
 * @throws when the signal is aborted, or nothing was taken for so long.
 */
export async function writePaced(
  pieces: AsyncIterable<string>,
  to: ServerResponse,
  { signal, stallMs }: Pace,
): Promise<void> {
  for await (const piece of pieces) {
    signal.throwIfAborted();
    if (piece === '' || to.write(piece)) continue;
    const how = await drained(to, stallMs, signal);
    signal.throwIfAborted();
    if (how !== 'taken') throw new Error(`The reader is ${how}: it may take nothing for ${stallMs} ms.`);
  }
}
