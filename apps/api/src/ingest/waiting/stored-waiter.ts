import { performance } from 'node:perf_hooks';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { StoreUnavailableError, type WaitedOutcome, type WaitedOutcomes } from '@app/persistence';
import type { PinoLogger } from 'nestjs-pino';
import { WaitingRequest, type WaitFor } from './waiting-request';

export interface WaiterLimits {
  /** Between the end of one question and the next. */
  readonly intervalMs: number;
  /** The same after one that PostgreSQL did not answer. */
  readonly retryMs: number;
  /** The longest that a request waits. */
  readonly timeoutMs: number;
  /** Events that are waited for at a time, by all requests of the process. */
  readonly maxEvents: number;
}

/** 10,000 events are ten of the largest requests: what is beyond is told at once that it was accepted. */
export const WAITER_LIMITS: WaiterLimits = { intervalMs: 25, retryMs: 250, timeoutMs: 10_000, maxEvents: 10_000 };

/** Outcomes by event id; what is missing is not known. */
export type KnownOutcomes = ReadonlyMap<string, WaitedOutcome>;

const NOTHING: KnownOutcomes = new Map();

/**
 * Waits until PostgreSQL has the events of requests. One question every 25 ms asks for all who wait, and nobody asks
 * while nobody waits; while a question takes longer than that, so does the pause after it, so that those who wait take
 * no more than half of one connection.
 *
 * A request is forgotten when all of its events are known, when its time is over, or when its client goes away.
 */
export class StoredWaiter implements BeforeApplicationShutdown {
  private readonly requests = new Set<WaitingRequest>();
  private events = 0;
  private timer: NodeJS.Timeout | undefined;
  private asking = false;
  private stopped = false;

  constructor(
    private readonly outcomes: WaitedOutcomes,
    private readonly logger: PinoLogger,
    private readonly limits: WaiterLimits = WAITER_LIMITS,
  ) {}

  /** Events that are waited for now. */
  get waiting(): number {
    return this.events;
  }

  /**
   * Resolves once it is known what became of every event; with less when the time is over, when too many wait already,
   * or when the process stops. Never rejects: that the store cannot be asked changes nothing about what was accepted.
   *
   * @param gone aborted when nobody is left to hear the answer.
   */
  async wait(wanted: WaitFor, gone: AbortSignal): Promise<KnownOutcomes> {
    const request = new WaitingRequest(wanted);
    const { size } = request;
    if (this.stopped || gone.aborted || this.events + size > this.limits.maxEvents) return NOTHING;
    this.events += size;
    this.requests.add(request);
    this.askIn(this.limits.intervalMs);
    try {
      return await request.settled(this.limits.timeoutMs, gone);
    } finally {
      this.events -= size;
      this.requests.delete(request);
      if (this.requests.size === 0) this.rest();
    }
  }

  /** Those who wait are answered with what is known: the server closes only when nobody is left. */
  beforeApplicationShutdown(): void {
    this.stopped = true;
    this.rest();
    for (const request of this.requests) request.end();
  }

  private rest(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private askIn(delayMs: number): void {
    if (this.asking || this.stopped || this.requests.size === 0) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.ask();
    }, delayMs);
  }

  private async ask(): Promise<void> {
    const asked = [...this.requests].flatMap((request) => request.unknown());
    const startedAt = performance.now();
    let pauseMs = this.limits.retryMs;
    this.asking = true;
    try {
      const found = await this.outcomes.find(asked.map(({ event }) => event));
      for (const [index, { request, event }] of asked.entries()) {
        const outcome = found[index];
        if (outcome !== undefined) request.tell(event.eventId, outcome);
      }
      pauseMs = Math.max(this.limits.intervalMs, performance.now() - startedAt);
    } catch (error) {
      // An outage passes: it is asked again until the time of those who wait is over.
      if (!(error instanceof StoreUnavailableError))
        this.logger.error({ error }, 'The outcome of events is not known.');
    } finally {
      this.asking = false;
    }
    this.askIn(pauseMs);
  }
}
