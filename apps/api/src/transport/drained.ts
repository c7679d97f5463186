import type { ServerResponse } from 'node:http';

/** `stalled`: the client has taken nothing at all for the time it may. `gone`: the connection is closed, or was told to. */
export type Drained = 'taken' | 'stalled' | 'gone';

/**
 * Waits until the client has taken what is written. One that takes a little now and then may take any time for it: Node's
 * time-out of a socket counts from the last byte that the operating system took, not from the last write.
 *
 * @param signal ends the waiting.
 */
export function drained(response: ServerResponse, stallMs: number, signal?: AbortSignal): Promise<Drained> {
  if (response.destroyed || signal?.aborted === true) return Promise.resolve('gone');
  if (!response.writableNeedDrain) return Promise.resolve('taken');
  return new Promise((resolve) => {
    const end = (how: Drained): void => {
      if (response.socket !== null) response.setTimeout(0);
      response.off('drain', taken).off('close', gone).off('timeout', stalled);
      signal?.removeEventListener('abort', gone);
      resolve(how);
    };
    const taken = (): void => {
      end('taken');
    };
    const gone = (): void => {
      end('gone');
    };
    const stalled = (): void => {
      end('stalled');
    };
    response.on('drain', taken).on('close', gone).on('timeout', stalled);
    signal?.addEventListener('abort', gone);
    response.setTimeout(stallMs);
  });
}
