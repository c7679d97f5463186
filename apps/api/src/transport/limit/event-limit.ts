import { performance } from 'node:perf_hooks';
import { problems, ProblemError } from '../problem';

export interface LimitRate {
  readonly eventsPerSecond: number;
  /** Events that may come at once after a pause. */
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  /** On the clock of `performance`. */
  at: number;
}

/**
 * How many events each key may send: a token bucket per key. A request is admitted while a token is left and is charged
 * for all its events once they are counted, so that the bucket may go into debt and a large array always passes some time.
 */
export class EventLimit {
  private readonly buckets = new Map<string, Bucket>();

  constructor(private readonly rate: LimitRate) {}

  /** @throws {ProblemError} 429 until the bucket has a token again. */
  admit(keyId: string): void {
    const { tokens } = this.filled(keyId);
    if (tokens >= 1) return;
    throw new ProblemError(problems.limited(Math.ceil((1 - tokens) / this.rate.eventsPerSecond)));
  }

  charge(keyId: string, events: number): void {
    this.filled(keyId).tokens -= events;
  }

  private filled(keyId: string): Bucket {
    const now = performance.now();
    let bucket = this.buckets.get(keyId);
    if (bucket === undefined) {
      bucket = { tokens: this.rate.burst, at: now };
      this.buckets.set(keyId, bucket);
    }
    const earned = ((now - bucket.at) / 1000) * this.rate.eventsPerSecond;
    bucket.tokens = Math.min(this.rate.burst, bucket.tokens + earned);
    bucket.at = now;
    return bucket;
  }
}
