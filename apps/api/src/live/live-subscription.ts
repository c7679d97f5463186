import { CatchUp, type LiveSources, type Waiting } from './catch-up';
import type { EventRing } from './event-ring';
import type { LiveFilter } from './live-event';
import { PositionText, type NamedPosition } from './live-position';
import type { Follower, LiveTail } from './live-tail';
import type { EndReason, LiveUpdate } from './live-update';

export interface Wanted {
  readonly filter: LiveFilter;
  /** Undefined: what comes from now on. */
  readonly from: NamedPosition | undefined;
}

export interface SubscriptionHooks {
  readonly onSent: (events: number) => void;
  /** Called once. */
  readonly onEnd: (subscription: LiveSubscription, reason: EndReason) => void;
}

/**
 * One subscriber: its place in the ring and nothing else, so that many cost little. Whoever iterates sets the pace; what
 * it has not taken stays in the ring, and when it leaves there, the subscription ends as `behind`.
 *
 * Iterate once; the last update is an `end`. Must be iterated or closed.
 */
export class LiveSubscription implements AsyncIterable<LiveUpdate>, Follower, Waiting {
  private resume: (() => void) | undefined;
  private reason: EndReason | undefined;
  private saidAt = performance.now();
  private readonly waitedForRing: boolean;

  constructor(
    private readonly live: LiveTail,
    private readonly sources: LiveSources,
    private readonly wanted: Wanted,
    private readonly hooks: SubscriptionHooks,
  ) {
    this.waitedForRing = live.ring === undefined;
    live.add(this);
  }

  isOver(): boolean {
    if (this.reason === undefined && this.live.ended) this.close('lost');
    return this.reason !== undefined;
  }

  wake(): void {
    const { resume } = this;
    this.resume = undefined;
    resume?.();
  }

  woken(): Promise<void> {
    return new Promise((resolve) => (this.resume = resolve));
  }

  /** May be called twice: the first reason counts. */
  close(reason: EndReason = 'closed'): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.live.remove(this);
    this.hooks.onEnd(this, reason);
    this.wake();
  }

  idle(position: string | undefined): LiveUpdate | undefined {
    if (performance.now() - this.saidAt < this.sources.limits.idleMs) return undefined;
    return { kind: 'idle', position };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LiveUpdate, void> {
    try {
      for await (const update of this.updates()) {
        if (update.kind === 'events') this.hooks.onSent(update.events.length);
        yield update;
        this.saidAt = performance.now();
      }
      yield { kind: 'end', reason: this.reason ?? 'closed' };
    } finally {
      this.close();
    }
  }

  private async *updates(): AsyncGenerator<LiveUpdate, void> {
    let ring = this.live.ring;
    while (ring === undefined) {
      if (this.isOver()) return;
      const idle = this.idle(undefined);
      if (idle !== undefined) yield idle;
      await this.woken();
      ring = this.live.ring;
    }
    const { from } = this.wanted;
    if (from !== undefined) yield* this.goOn(ring, from);
    // A ring begins a little earlier, and has to get to where the log was then.
    else if (this.waitedForRing || !ring.covers(this.live.nowAtBegin))
      yield* this.goOnIn(ring, new PositionText(ring.log, this.live.nowAtBegin));
    else yield* this.follow(ring, ring.next, undefined);
  }

  private async *goOn(ring: EventRing, from: NamedPosition): AsyncGenerator<LiveUpdate, void> {
    const foreign = from.log !== ring.log;
    const own = new PositionText(ring.log, foreign ? [] : from.offsets);
    // Ahead of the ring may be ahead of the log, too, when that was made anew: to be found out.
    if (foreign || !ring.covers(own.offsets) || !ring.reachedBy(own.offsets)) {
      yield* new CatchUp(this.sources, this.wanted.filter, foreign).run(ring, own, this);
    }
    if (!this.isOver()) yield* this.goOnIn(ring, own);
  }

  private goOnIn(ring: EventRing, own: PositionText): AsyncGenerator<LiveUpdate, void> {
    return this.follow(ring, ring.first, own);
  }

  /**
   * @param own where it is, as long as that is not where everybody at the same entry is: it has come from another process
   *   or from its own reading, with other partitions ahead.
   */
  private async *follow(
    ring: EventRing,
    from: number,
    own: PositionText | undefined,
  ): AsyncGenerator<LiveUpdate, void> {
    const { filter } = this.wanted;
    const { updateBytes } = this.sources.limits;
    let number = from;
    let ownNow = own;
    let position = own?.toString() ?? ring.position;
    yield { kind: 'idle', position };
    while (!this.isOver()) {
      if (number < ring.first) {
        this.close('behind');
        return;
      }
      if (number < ring.next) {
        const taken =
          ownNow === undefined
            ? ring.take(filter, number, updateBytes)
            : ring.takeFor(ownNow, filter, number, updateBytes);
        number = taken.next;
        position = taken.position;
        if (taken.events.length > 0) yield { kind: 'events', events: taken.events, position };
      }
      if (number < ring.next) continue;
      if (ownNow !== undefined && ring.covers(ownNow.offsets)) ownNow = undefined;
      if (ownNow === undefined) position = ring.position;
      const idle = this.idle(position);
      if (idle !== undefined) yield idle;
      else await this.woken();
    }
  }
}
