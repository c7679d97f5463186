import type { OnModuleDestroy } from '@nestjs/common';
import { PipelineError } from '@app/events';
import type { EventTail } from '@app/messaging';
import type { Logger } from 'pino';
import type { LiveSources } from './catch-up';
import { CatchUpPool } from './catch-up-pool';
import type { LiveLimits } from './live-limits';
import { LiveSubscription, type Wanted } from './live-subscription';
import { LiveTail } from './live-tail';
import { SharedQuestion } from './shared-question';
import type { EndReason } from './live-update';

/** What became of subscriptions, since the process has started. */
export interface LiveTotals {
  /** Events, once per subscriber. */
  sent: number;
  /** Let go since they were too far behind the others. */
  behind: number;
  /** Let go since they took nothing. */
  stalled: number;
  /** Ended since the log was read over a hole. */
  lost: number;
}

/** The process has as many subscribers as it may. */
export class TooManySubscribersError extends PipelineError {
  readonly code = 'TOO_MANY_SUBSCRIBERS';
  readonly retriable = true;
}

/**
 * Events as they come from the log, for whoever subscribes by whatever door. Keeps no history and writes nothing: one
 * reader and one ring of the last events, from the first subscriber until a while after the last.
 */
export class LiveEvents implements OnModuleDestroy {
  private readonly subscriptions = new Set<LiveSubscription>();
  private readonly pool: CatchUpPool;
  private readonly sources: LiveSources;
  private live: LiveTail | undefined;
  private linger: NodeJS.Timeout | undefined;
  private closing = false;
  private readonly counts: LiveTotals = { sent: 0, behind: 0, stalled: 0, lost: 0 };

  constructor(
    private readonly tail: EventTail,
    private readonly limits: LiveLimits,
    private readonly logger: Logger,
  ) {
    this.pool = new CatchUpPool(tail, limits, logger);
    const bounds = new SharedQuestion(() => tail.bounds());
    this.sources = { bounds: () => bounds.ask(), pool: this.pool, limits };
  }

  /** Subscribers now. */
  get size(): number {
    return this.subscriptions.size;
  }

  /** Of them, those that read older positions, or wait for it. */
  get catchingUp(): number {
    return this.pool.size;
  }

  /** Whether the log is read on for subscribers. */
  get reading(): boolean {
    return this.live?.ended === false;
  }

  /** Estimate of what the ring takes of the memory. */
  get ringBytes(): number {
    return this.live?.ring?.bytes ?? 0;
  }

  get totals(): Readonly<LiveTotals> {
    return this.counts;
  }

  /** @throws {TooManySubscribersError} also when the process stops. */
  subscribe(wanted: Wanted): LiveSubscription {
    if (this.closing) throw new TooManySubscribersError('The process stops.');
    const { limits, tail } = this;
    if (this.size >= limits.subscribers)
      throw new TooManySubscribersError('The process has all the subscribers it may.');
    clearTimeout(this.linger);
    if (this.live?.ended !== false) this.live = new LiveTail(tail, limits, this.logger, wanted.from);
    const subscription = new LiveSubscription(this.live, this.sources, wanted, {
      onSent: (events) => (this.counts.sent += events),
      onEnd: (ended, reason) => {
        this.forget(ended, reason);
      },
    });
    this.subscriptions.add(subscription);
    return subscription;
  }

  /** Nest calls it before the connections close: streams end, and nobody waits for them. */
  onModuleDestroy(): void {
    this.closing = true;
    clearTimeout(this.linger);
    for (const subscription of this.subscriptions) subscription.close('closing');
    this.live?.end();
  }

  private forget(subscription: LiveSubscription, reason: EndReason): void {
    this.subscriptions.delete(subscription);
    if (reason === 'behind' || reason === 'stalled' || reason === 'lost') this.counts[reason] += 1;
    if (reason === 'behind' || reason === 'stalled') this.logger.info({ reason }, 'A subscriber is let go: too slow.');
    if (this.size > 0 || this.closing) return;
    const { live } = this;
    this.linger = setTimeout(() => live?.end(), this.limits.lingerMs).unref();
  }
}
