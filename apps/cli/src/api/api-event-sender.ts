import { CannotRunError } from '../cannot-run.error';
import { readBatchReply, type BatchOutcome, type EventOutcome } from './api-answer';
import { EventSender } from './event-sender.port';
import type { PostEvents } from './post-events';

/** What the sender needs of the world, so that tests need not wait. */
export interface RetryPolicy {
  /** Milliseconds without any answer that settles something, until it gives up. */
  readonly giveUpAfterMs: number;
  readonly now: () => number;
  /** @throws when the user does not want to wait any longer. */
  readonly wait: (ms: number) => Promise<void>;
  readonly onRetry: (reason: string, waitMs: number) => void;
}

const SHORTEST_WAIT_MS = 100;
const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 8000;

/**
 * Sends to the API, the same ids again while the outcome is unknown, and in halves what is refused as a whole, until
 * the event that is to blame stands alone. One request at a time: events of one user stay in the order of the file.
 */
export class ApiEventSender extends EventSender {
  constructor(
    private readonly post: PostEvents,
    private readonly retry: RetryPolicy,
  ) {
    super();
  }

  override async send(events: readonly string[]): Promise<readonly EventOutcome[]> {
    if (events.length === 0) return [];
    const outcome = await this.untilKnown(events);
    if (outcome.kind === 'settled') return outcome.outcomes;
    if (events.length === 1) return [{ accepted: false, errors: [outcome.reason] }];
    const middle = Math.ceil(events.length / 2);
    const first = await this.send(events.slice(0, middle));
    return [...first, ...(await this.send(events.slice(middle)))];
  }

  private async untilKnown(events: readonly string[]): Promise<Extract<BatchOutcome, { kind: 'settled' | 'refused' }>> {
    const body = `[${events.join(',')}]`;
    let giveUpAt = this.retry.now() + this.retry.giveUpAfterMs;
    for (let attempt = 0; ; attempt += 1) {
      const outcome = readBatchReply(await this.post(body), events.length);
      if (outcome.kind === 'hopeless') throw new CannotRunError(outcome.reason);
      if (outcome.kind === 'settled' || outcome.kind === 'refused') return outcome;
      // Retry-After may be 0; an API that refuses at once must not be asked in a tight loop.
      const waitMs = Math.max(SHORTEST_WAIT_MS, outcome.retryAfterMs ?? backoffMs(attempt));
      // A limit is an answer: the API works, and however long the wait is, it has said so.
      if (outcome.kind === 'limited') giveUpAt = this.retry.now() + waitMs + this.retry.giveUpAfterMs;
      if (this.retry.now() + waitMs > giveUpAt) {
        const seconds = Math.round(this.retry.giveUpAfterMs / 1000);
        throw new CannotRunError(`the API has not confirmed anything for ${seconds} s: ${outcome.reason}`);
      }
      this.retry.onRetry(outcome.reason, waitMs);
      await this.retry.wait(waitMs);
    }
  }
}

/** Half of it by chance, so that many clients of one API do not come back at the same moment. */
function backoffMs(attempt: number): number {
  const full = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** attempt);
  return Math.round(full / 2 + (Math.random() * full) / 2);
}
