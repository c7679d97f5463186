/** Waits that double from try to try, each a random part between half and all of its step, so that many who failed together don't come back together. */
export class Backoff {
  private attempts = 0;

  constructor(
    private readonly firstMs: number,
    private readonly lastMs: number,
  ) {}

  /** No wait was needed since the last `reset`. */
  get fresh(): boolean {
    return this.attempts === 0;
  }

  /** Milliseconds until the next try. */
  next(): number {
    const step = Math.min(this.lastMs, this.firstMs * 2 ** this.attempts);
    this.attempts += 1;
    return step * (0.5 + Math.random() / 2);
  }

  reset(): void {
    this.attempts = 0;
  }
}
