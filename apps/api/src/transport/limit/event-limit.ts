import { performance } from 'node:perf_hooks';
import { problems, ProblemError } from '../problem';
import type { SharedTokens } from './shared-tokens.port';

export interface LimitRate {
  readonly eventsPerSecond: number;
  /** Events that may come at once after a pause. */
  readonly burst: number;
  /** Without shared tokens each replica grants this part of the limit. */
  readonly replicas: number;
}

interface Bucket {
  /** Whose tokens these are: those of this replica's share, or leased ones. */
  leased: boolean;
  /** Negative: spent beyond what was there, and owed. */
  tokens: number;
  /** When they were counted, on the clock of `performance`. */
  at: number;
  /** Leased: until then there is nothing to lease. */
  dryUntil: number;
  /** Leased: what was left for all replicas at `at`. */
  left: number;
  leasing: boolean;
  /** Since the last sweep. */
  used: boolean;
}

const MAX_BUCKETS = 10_000;
const SWEEP_MS = 5000;
/** A block is the tokens of so small a part of a second: 20 to 40 leases a second at full rate. */
const BLOCKS_PER_SECOND = 20;

/**
 * How many events each key may send: a token bucket per key. A request is admitted while a token is left and is charged
 * for all its events once they are counted, so that the bucket may go into debt and a large array always passes some time.
 *
 * With shared tokens, this replica leases blocks of them, ahead of need and never while a request waits. A key is refused
 * only once the shared bucket was found empty: until that is known, requests pass and are owed. What passes too much is
 * what comes within one command of Redis, and it is paid back. While the shared tokens are away, the replica grants its
 * share of the limit; what it knew to be left, and every debt, carry over in both directions.
 */
export class EventLimit {
  /** Requests refused since the start. */
  limited = 0;
  private readonly buckets = new Map<string, Bucket>();
  private readonly own: { readonly perMs: number; readonly burst: number };
  private readonly block: number;
  private sweeper: NodeJS.Timeout | undefined;

  constructor(
    private readonly rate: LimitRate,
    readonly shared?: SharedTokens,
  ) {
    const { eventsPerSecond, burst, replicas } = rate;
    this.own = { perMs: eventsPerSecond / replicas / 1000, burst: Math.max(1, burst / replicas) };
    this.block = Math.max(1, Math.floor(Math.min(eventsPerSecond, burst) / BLOCKS_PER_SECOND / replicas));
  }

  /** Keys that have a bucket now. */
  get size(): number {
    return this.buckets.size;
  }

  /** @throws {ProblemError} 429 until the bucket has a token again. */
  admit(keyId: string): void {
    const bucket = this.bucketOf(keyId);
    if (bucket.tokens >= 1) return;
    const waitMs = bucket.leased ? this.untilLease(keyId, bucket) : this.untilEarned(bucket);
    if (waitMs <= 0) return;
    this.limited += 1;
    throw new ProblemError(problems.limited(Math.ceil(waitMs / 1000), this.rate));
  }

  charge(keyId: string, events: number): void {
    const bucket = this.bucketOf(keyId);
    bucket.tokens -= events;
    if (bucket.leased && bucket.tokens < this.block / 2) this.lease(keyId, bucket);
  }

  /** Forgets what says nothing any more, now and every five seconds. */
  start(): void {
    this.sweeper = setInterval(() => {
      this.sweep();
    }, SWEEP_MS).unref();
  }

  /** May be called twice. */
  close(): void {
    clearInterval(this.sweeper);
    this.shared?.close();
  }

  /** Drops buckets that are full, and idle ones whose tokens go back to all. */
  sweep(): void {
    for (const [keyId, bucket] of this.buckets) {
      // While nobody can be told of it, what was known of the shared tokens is all that is known.
      if (bucket.leasing || (bucket.leased && this.shared?.up !== true)) continue;
      if (!bucket.leased) {
        this.fill(bucket);
        if (bucket.tokens >= this.own.burst) this.buckets.delete(keyId);
      } else if (bucket.used) bucket.used = false;
      else {
        this.buckets.delete(keyId);
        // Lost when nobody answers: at most a block.
        if (bucket.tokens !== 0) this.shared?.lease({ keyId, want: 0, debt: -bucket.tokens }).catch(() => undefined);
      }
    }
  }

  private bucketOf(keyId: string): Bucket {
    const sharing = this.shared?.up === true;
    const bucket = this.buckets.get(keyId) ?? this.newBucket(keyId, sharing);
    if (bucket.leased !== sharing) this.carryOver(bucket, sharing);
    if (!sharing) this.fill(bucket);
    bucket.used = true;
    return bucket;
  }

  private newBucket(keyId: string, leased: boolean): Bucket {
    // The one that came first makes room; its key, if it is still there, begins with a full bucket.
    const oldest = this.buckets.size >= MAX_BUCKETS ? this.buckets.keys().next().value : undefined;
    if (oldest !== undefined) this.buckets.delete(oldest);
    const tokens = leased ? 0 : this.own.burst;
    const bucket = {
      leased,
      tokens,
      at: performance.now(),
      dryUntil: 0,
      left: this.rate.burst,
      leasing: false,
      used: true,
    };
    this.buckets.set(keyId, bucket);
    return bucket;
  }

  private carryOver(bucket: Bucket, toLeased: boolean): void {
    bucket.leased = toLeased;
    if (toLeased) {
      this.fill(bucket);
      bucket.tokens = Math.min(0, bucket.tokens);
      bucket.dryUntil = 0;
    } else bucket.tokens = Math.min(this.own.burst, bucket.tokens + bucket.left / this.rate.replicas);
  }

  private fill(bucket: Bucket): void {
    const now = performance.now();
    bucket.tokens = Math.min(this.own.burst, bucket.tokens + (now - bucket.at) * this.own.perMs);
    bucket.at = now;
  }

  private untilEarned(bucket: Bucket): number {
    return (1 - bucket.tokens) / this.own.perMs;
  }

  private untilLease(keyId: string, bucket: Bucket): number {
    const waitMs = bucket.dryUntil - performance.now();
    if (waitMs <= 0) this.lease(keyId, bucket);
    return waitMs;
  }

  private lease(keyId: string, bucket: Bucket): void {
    const { shared } = this;
    const dry = performance.now() < bucket.dryUntil;
    if (shared === undefined || bucket.leasing || (dry && bucket.tokens >= 0)) return;
    const debt = Math.max(0, -bucket.tokens);
    bucket.tokens += debt; // what is spent from here on is for the next lease
    bucket.leasing = true;
    const want = Math.max(0, Math.ceil(this.block - bucket.tokens));
    void shared.lease({ keyId, want, debt }).then(
      ({ granted, left }) => {
        bucket.leasing = false;
        if (!bucket.leased) return; // away meanwhile: carried over without it
        bucket.at = performance.now();
        bucket.tokens += granted;
        bucket.left = left;
        bucket.dryUntil = granted < want ? bucket.at + ((1 - left) / this.rate.eventsPerSecond) * 1000 : 0;
        if (bucket.tokens < this.block / 2) this.lease(keyId, bucket);
      },
      () => {
        bucket.leasing = false;
        bucket.tokens -= debt; // perhaps paid already; better twice than never
      },
    );
  }
}
