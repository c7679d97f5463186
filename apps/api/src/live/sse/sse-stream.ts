import type { ServerResponse } from 'node:http';
import { drained } from '../../transport/drained';
import type { LiveSubscription } from '../live-subscription';
import { GREETING, toSseFrames } from './sse-update.convert';

/** So much may wait to be sent before the subscriber is waited for. */
const MAX_WAITING_BYTES = 64 * 1024;
/**
 * A client that has taken nothing for so long, while there is something for it, is let go. The operating system takes more
 * only when it has sent a third of its some megabytes: this lets in whoever takes 150 KB a second.
 */
const STALLED_MS = 10_000;

const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no', // nginx would keep events until it has a page of them
};

/** Sends a subscription to its client, at the client's pace. Resolves when it is over; closes a stalled one. */
export async function sendStream(response: ServerResponse, subscription: LiveSubscription): Promise<void> {
  response.once('close', () => {
    subscription.close();
  });
  response.writeHead(200, HEADERS);
  response.write(GREETING);
  for await (const update of subscription) {
    if (response.destroyed) break;
    const frames = toSseFrames(update);
    if (frames.length > 0) response.write(frames);
    if (response.writableLength > MAX_WAITING_BYTES && (await drained(response, STALLED_MS)) === 'stalled') {
      // It has not taken what was sent: a last word would not reach it either.
      subscription.close('stalled');
      response.destroy();
    }
  }
  response.end();
}
