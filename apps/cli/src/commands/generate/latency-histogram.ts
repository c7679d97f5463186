/** 1.02 to the power of the bucket, in hundredths of a millisecond: 2 % exact from 10 µs to half an hour. */
const BASE = 1.02;
const BUCKETS = 1000;
const UNIT_MS = 0.01;

/** Latencies in constant memory. */
export class LatencyHistogram {
  private readonly counts = new Uint32Array(BUCKETS);
  private total = 0;

  add(ms: number): void {
    const bucket = Math.ceil(Math.log(Math.max(1, ms / UNIT_MS)) / Math.log(BASE));
    const at = Math.min(BUCKETS - 1, bucket);
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.total += 1;
  }

  /** Milliseconds that this share of all stayed within; 0 when there are none. */
  quantileMs(share: number): number {
    let left = Math.max(1, Math.ceil(this.total * share));
    if (this.total === 0) return 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      left -= this.counts[bucket] ?? 0;
      if (left <= 0) return BASE ** bucket * UNIT_MS;
    }
    return BASE ** (BUCKETS - 1) * UNIT_MS;
  }
}
