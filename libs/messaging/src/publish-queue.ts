import type { PublishConfig } from '@app/config';
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { PublishUnconfirmedError } from './event-publisher.port';
import { PublishQueueFullError } from './publish-queue-full.error';

/** Something to be sent, with its weight in memory. */
export interface Sendable {
  readonly bytes: number;
}

/** How much travels together at most. A call is never divided, so one call alone may be more than this. */
export interface BatchLimits {
  readonly events: number;
  readonly bytes: number;
}

interface Call<T> {
  readonly items: readonly T[];
  readonly bytes: number;
  readonly deadline: number;
  readonly resolve: () => void;
  readonly reject: (error: PublishUnconfirmedError) => void;
  settled: boolean;
}

/**
 * Natural batching: one batch is on its way at a time, and what is called for meanwhile is the next one. So nothing
 * waits for company while the log is idle, and the busier it is the larger the batches get. Calls leave in the order
 * in which they came.
 *
 * A call is: waiting → in flight → settled. It is settled by the end of its batch or by its deadline, whatever comes
 * first; in flight its bytes count until the batch has ended, since they are held that long.
 */
export class PublishQueue<T extends Sendable> {
  private waiting: Call<T>[] = [];
  private inFlight: Call<T>[] = [];
  private events = 0;
  private bytes = 0;
  private expiry: NodeJS.Timeout | undefined;
  private draining: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly limits: PublishConfig,
    private readonly batch: BatchLimits,
    private readonly send: (items: readonly T[]) => Promise<void>,
  ) {}

  /**
   * @throws {PublishQueueFullError} at once; nothing was sent.
   * @throws {PublishUnconfirmedError} too late, or with what `send` threw as `cause`.
   */
  publish(items: readonly T[]): Promise<void> {
    if (items.length === 0) return Promise.resolve();
    const bytes = items.reduce((sum, item) => sum + item.bytes, 0);
    const refusal = this.refusal(items.length, bytes);
    if (refusal !== undefined) return Promise.reject(refusal);
    this.events += items.length;
    this.bytes += bytes;
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + this.limits.timeoutMs;
      this.waiting.push({ items, bytes, deadline, resolve, reject, settled: false });
      this.armExpiry();
      this.draining ??= this.drain();
    });
  }

  /** What is taken and not settled yet. */
  get load(): { readonly events: number; readonly bytes: number } {
    return { events: this.events, bytes: this.bytes };
  }

  /** Takes no more; resolves when every call is settled and nothing is in flight. May be called twice. */
  async close(): Promise<void> {
    this.closed = true;
    await this.draining;
  }

  private refusal(events: number, bytes: number): PublishUnconfirmedError | undefined {
    if (this.closed) return new PublishUnconfirmedError('The publisher is closed.');
    // An idle queue takes any call: one that is larger than the whole queue would be refused for ever otherwise.
    if (this.events === 0) return undefined;
    const { queueEvents, queueBytes } = this.limits;
    if (this.events + events > queueEvents) return new PublishQueueFullError(`${queueEvents} events`);
    if (this.bytes + bytes > queueBytes) return new PublishQueueFullError(`${queueBytes} bytes`);
    return undefined;
  }

  private async drain(): Promise<void> {
    // The requests of one turn of the event loop travel together, also when the first of them finds the queue idle.
    await nextTurn();
    while (this.waiting.length > 0) {
      this.inFlight = this.takeBatch();
      let failure: unknown;
      try {
        await this.send(this.inFlight.flatMap(({ items }) => items));
      } catch (error) {
        failure = error ?? new Error('The batch failed without an error.');
      }
      const ended = this.inFlight;
      this.inFlight = [];
      for (const call of ended) this.end(call, failure);
    }
    this.draining = undefined;
    this.armExpiry();
  }

  private takeBatch(): Call<T>[] {
    let events = 0;
    let bytes = 0;
    let count = 0;
    for (const call of this.waiting) {
      events += call.items.length;
      bytes += call.bytes;
      if (count > 0 && (events > this.batch.events || bytes > this.batch.bytes)) break;
      count += 1;
    }
    return this.waiting.splice(0, count);
  }

  private end(call: Call<T>, failure: unknown): void {
    this.release(call);
    if (call.settled) return;
    call.settled = true;
    if (failure === undefined) call.resolve();
    else if (failure instanceof PublishUnconfirmedError) call.reject(failure);
    else call.reject(new PublishUnconfirmedError('The log did not confirm the events.', { cause: failure }));
  }

  private release(call: Call<T>): void {
    this.events -= call.items.length;
    this.bytes -= call.bytes;
  }

  /** One timer, for the oldest call: all have the same time, so they expire in the order in which they came. */
  private armExpiry(): void {
    const oldest = this.inFlight.find(({ settled }) => !settled) ?? this.waiting[0];
    if (oldest === undefined) {
      clearTimeout(this.expiry);
      this.expiry = undefined;
      return;
    }
    this.expiry ??= setTimeout(
      () => {
        this.expiry = undefined;
        this.expire(performance.now());
        this.armExpiry();
      },
      Math.max(1, oldest.deadline - performance.now()),
    );
  }

  private expire(now: number): void {
    const late = (call: Call<T>): boolean => call.deadline <= now;
    for (const call of this.inFlight.filter(late)) rejectLate(call);
    const firstInTime = this.waiting.findIndex((call) => !late(call));
    const expired = this.waiting.splice(0, firstInTime === -1 ? this.waiting.length : firstInTime);
    for (const call of expired) {
      this.release(call);
      rejectLate(call);
    }
  }
}

function rejectLate<T>(call: Call<T>): void {
  if (call.settled) return;
  call.settled = true;
  call.reject(new PublishUnconfirmedError('The log did not confirm the events in time.'));
}
