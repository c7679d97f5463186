import { setTimeout as delay } from 'node:timers/promises';
import type { EventSender } from '../../api/event-sender.port';
import { CannotRunError } from '../../cannot-run.error';
import { LatencyHistogram } from './latency-histogram';

export interface PostPlan {
  /** Events per second. */
  readonly rate: number;
  /** Events per request. */
  readonly batchSize: number;
  /** Infinity: until it is told to stop. */
  readonly durationMs: number;
}

export interface PostFigures {
  /** Events that the rate has called for so far. */
  readonly due: number;
  readonly sent: number;
  readonly accepted: number;
  readonly refused: number;
  /** Sent, and nobody said what became of them. */
  readonly unconfirmed: number;
  /** From the moment a request was due, not from when it could be sent: waiting for a free connection counts. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Requests on their way at the same time; what is due beyond them waits and counts as behind. */
const MAX_RUNNING = 64;

/**
 * Sends events at a rate that does not depend on how fast they are answered (open loop): who falls behind is told so
 * by `due` and `sent`, and by latencies that include the wait. When the time is over, what is on its way is awaited
 * and what was never begun is not sent any more.
 */
export class PostRun {
  private readonly latencies = new LatencyHistogram();
  private readonly running = new Set<Promise<void>>();
  private readonly counts = { sent: 0, accepted: 0, refused: 0, unconfirmed: 0 };
  private readonly totalEvents: number;
  private startedMs = 0;
  /** When it stopped calling for events. */
  private endedMs: number | undefined;
  private failure: CannotRunError | undefined;
  private wake: () => void = () => undefined;

  constructor(
    private readonly plan: PostPlan,
    private readonly sender: EventSender,
    private readonly makeEvent: () => string,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.totalEvents = Math.round((plan.rate * plan.durationMs) / 1000);
  }

  get figures(): PostFigures {
    const p50Ms = this.latencies.quantileMs(0.5);
    const p99Ms = this.latencies.quantileMs(0.99);
    return { due: this.dueEvents(), ...this.counts, p50Ms, p99Ms };
  }

  /** Seconds since it began. */
  get seconds(): number {
    return ((this.endedMs ?? this.now()) - this.startedMs) / 1000;
  }

  /** @throws {CannotRunError} when the API refuses the key, or has not confirmed anything for too long. */
  async run(stop: AbortSignal): Promise<void> {
    this.startedMs = this.now();
    const wake = (): void => {
      this.wake();
    };
    stop.addEventListener('abort', wake, { once: true });
    while (!stop.aborted && this.failure === undefined && this.elapsedMs() < this.plan.durationMs) {
      this.beginDue(stop);
      await this.untilNext(stop);
    }
    if (!stop.aborted && this.failure === undefined) this.beginDue(stop); // due in the last tick
    this.endedMs = this.startedMs + this.elapsedMs();
    await Promise.all(this.running);
    if (this.failure !== undefined) throw this.failure;
  }

  private elapsedMs(): number {
    return Math.min(this.plan.durationMs, (this.endedMs ?? this.now()) - this.startedMs);
  }

  /** Whole requests: the first is due at once, each further one when its first event is. */
  private dueEvents(): number {
    if (this.startedMs === 0) return 0;
    const { rate, batchSize } = this.plan;
    const requests = Math.floor((this.elapsedMs() * rate) / 1000 / batchSize) + 1;
    return Math.min(this.totalEvents, requests * batchSize);
  }

  private beginDue(stop: AbortSignal): void {
    while (this.counts.sent < this.dueEvents() && this.running.size < MAX_RUNNING) this.begin(stop);
  }

  private begin(stop: AbortSignal): void {
    const { batchSize, rate } = this.plan;
    const dueMs = this.startedMs + (this.counts.sent / rate) * 1000;
    const count = Math.min(batchSize, this.totalEvents - this.counts.sent);
    this.counts.sent += count;
    const request = this.post(count, dueMs, stop).finally(() => {
      this.running.delete(request);
      this.wake();
    });
    this.running.add(request);
  }

  private async post(count: number, dueMs: number, stop: AbortSignal): Promise<void> {
    const events = Array.from({ length: count }, () => this.makeEvent());
    try {
      const outcomes = await this.sender.send(events);
      const accepted = outcomes.filter((outcome) => outcome.accepted).length;
      this.counts.accepted += accepted;
      this.counts.refused += count - accepted;
      this.latencies.add(this.now() - dueMs);
    } catch (error) {
      this.counts.unconfirmed += count;
      if (stop.aborted) return;
      this.failure ??= error instanceof CannotRunError ? error : new CannotRunError(String(error), { cause: error });
    }
  }

  /** Until the next request is due, or until one that is on its way makes room for one that is overdue. */
  private async untilNext(stop: AbortSignal): Promise<void> {
    if (stop.aborted) return;
    const { durationMs, rate } = this.plan;
    if (this.counts.sent < this.dueEvents()) {
      // Time goes on after `beginDue`: what became due since, with room for it, waits for nothing.
      if (this.running.size >= MAX_RUNNING) await new Promise<void>((resolve) => (this.wake = resolve));
      return;
    }
    const nextMs = Math.min(durationMs, (this.counts.sent / rate) * 1000) - this.elapsedMs();
    await delay(Math.max(1, nextMs), undefined, { signal: stop }).catch(() => undefined);
  }
}
