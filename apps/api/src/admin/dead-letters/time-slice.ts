import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

/** What one request may do: so many events per second, until its time is over or nobody waits for it any more. */
export class TimeSlice {
  private readonly startedAt = performance.now();
  private taken = 0;

  constructor(
    private readonly eventsPerSecond: number,
    private readonly limitMs: number,
    private readonly signal: AbortSignal,
  ) {}

  get over(): boolean {
    return this.signal.aborted || performance.now() - this.startedAt >= this.limitMs;
  }

  /** Waits until the rate lets events go again. False when the time is over first. */
  async take(events: number): Promise<boolean> {
    const dueMs = (this.taken * 1000) / this.eventsPerSecond;
    const waitMs = dueMs - (performance.now() - this.startedAt);
    if (dueMs >= this.limitMs) return false;
    if (waitMs > 0) await delay(waitMs, undefined, { signal: this.signal }).catch(() => undefined);
    this.taken += events;
    return !this.over;
  }
}
