import { Bell } from './bell';
import { CatchUp, type LiveSources, type Waiting } from './catch-up';
import type { EventRing } from './event-ring';
import type { LiveFilter } from './live-event';
import { PositionText, type NamedPosition } from './live-position';
import type { Follower, LiveTail } from './live-tail';
import type { EndReason, LiveUpdate } from './live-update';
import { RingPlace } from './ring-place';

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
  private readonly bell = new Bell();
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
    this.bell.ring();
  }

  woken(): Promise<void> {
    return this.bell.heard();
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
    const { from, filter } = this.wanted;
    if (from !== undefined) {
      yield* this.goOn(ring, from);
      return;
    }
    const { nowAtBegin } = this.live;
    // A ring begins a little earlier, and has to get to where the log was then.
    const isEarlier = this.waitedForRing || !ring.covers(nowAtBegin);
    const place = new RingPlace(ring, filter, isEarlier ? new PositionText(ring.log, nowAtBegin) : undefined);
    yield* this.follow(place);
    if (place.isLost) this.close('behind');
  }

  private async *goOn(ring: EventRing, from: NamedPosition): AsyncGenerator<LiveUpdate, void> {
    const { filter } = this.wanted;
    let foreign = from.log !== ring.log;
    let own = new PositionText(ring.log, foreign ? [] : from.offsets);
    while (!this.isOver()) {
      // Ahead of the ring may be ahead of the log, too, when that was made anew: to be found out.
      if (foreign || !ring.covers(own.offsets) || !ring.reachedBy(own.offsets)) {
        const catchUp = new CatchUp(this.sources, filter, own, foreign);
        yield* catchUp.run(ring, this);
        own = catchUp.position;
        foreign = false;
      }
      // The ring may have lost what is next since it was reached.
      if (this.isOver() || !ring.reachedBy(own.offsets)) continue;
      const place = new RingPlace(ring, filter, own);
      yield* this.follow(place);
      if (!place.isLost) return;
      if (place.hasBeenAtEnd) this.close('behind');
      own = new PositionText(ring.log, place.offsets);
    }
  }

  /** Ends when the subscription is over, or its place is lost. */
  private async *follow(place: RingPlace): AsyncGenerator<LiveUpdate, void> {
    yield { kind: 'idle', position: place.position };
    while (!this.isOver() && !place.isLost) {
      const events = place.take(this.sources.limits.updateBytes);
      if (events.length > 0) yield { kind: 'events', events, position: place.position };
      if (!place.isAtEnd) continue;
      const idle = this.idle(place.position);
      if (idle !== undefined) yield idle;
      else await this.bell.heard();
    }
  }
}
