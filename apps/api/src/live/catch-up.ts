import type { LogBounds, LogPosition } from '@app/messaging';
import type { CatchUpPool } from './catch-up-pool';
import type { EventRing } from './event-ring';
import type { LiveFilter } from './live-event';
import type { LiveLimits } from './live-limits';
import { PositionText } from './live-position';
import type { LiveUpdate, MissingRecords } from './live-update';
import { RingPlace } from './ring-place';
import type { Seat, SharedReading } from './shared-reading';

/** What subscriptions of a process share. */
export interface LiveSources {
  /** What the log has, not earlier than now. */
  readonly bounds: () => Promise<LogBounds>;
  readonly pool: CatchUpPool;
  readonly limits: LiveLimits;
}

/** What a subscriber does between its updates. */
export interface Waiting {
  isOver(): boolean;
  /** Resolves when it was woken since: a turn, a second, an end. */
  woken(): Promise<void>;
  wake(): void;
  /** What to say when nothing was said for a while. */
  idle(position: string | undefined): LiveUpdate | undefined;
}

/** Leads one subscriber from an older position to the ring, by reading the log from there, with others who are near. */
export class CatchUp {
  private oldest: LogPosition | undefined;

  /**
   * @param own where it is; moves on with what was given.
   * @param foreign the position is of another log: nothing of this one was seen.
   */
  constructor(
    private readonly sources: LiveSources,
    private readonly filter: LiveFilter,
    private own: PositionText,
    private foreign: boolean,
  ) {}

  get position(): PositionText {
    return this.own;
  }

  /** Ends when the position has reached the ring, or when its subscriber has ended. */
  async *run(ring: EventRing, waiting: Waiting): AsyncGenerator<LiveUpdate, void> {
    while (!waiting.isOver()) {
      if (this.oldest === undefined) yield* this.check(ring.log, waiting);
      if (this.oldest === undefined || ring.reachedBy(this.own.offsets)) return;
      const seat = this.seat(ring.log, this.oldest, waiting);
      this.sources.pool.join(seat);
      try {
        while (seat.reading === undefined && !waiting.isOver()) {
          yield* this.told(waiting, this.own.toString());
          await waiting.woken();
        }
        if (seat.reading !== undefined) yield* this.readIn(seat.reading, seat, ring, waiting);
      } finally {
        this.sources.pool.leave(seat);
      }
      if (seat.isOverHole) this.oldest = undefined;
    }
  }

  private seat(log: string, oldest: LogPosition, waiting: Waiting): Seat {
    return {
      log,
      oldest,
      projectId: this.filter.projectId,
      from: [...this.own.offsets],
      wake: () => {
        waiting.wake();
      },
      reading: undefined,
      isHungry: false,
      isOverHole: false,
    };
  }

  /** Finds out what the log still has. While it is away, whoever waits looks again every second. */
  private async *check(log: string, waiting: Waiting): AsyncGenerator<LiveUpdate, void> {
    while (!waiting.isOver()) {
      const bounds = await this.sources.bounds().catch(() => undefined);
      if (bounds !== undefined) {
        this.oldest = bounds.partitions.map(({ oldest }) => oldest);
        // Partitions are never taken away: it is of a topic that was deleted and made anew with fewer.
        if (this.own.offsets.length > bounds.partitions.length) {
          this.foreign = true;
          this.own = new PositionText(log, []);
        }
        const partitions = this.missing(bounds);
        this.foreign = false;
        if (partitions.length > 0) yield { kind: 'gap', partitions, position: this.own.toString() };
        return;
      }
      // Of another log nothing is known yet that it could come again with.
      yield* this.told(waiting, this.foreign ? undefined : this.own.toString());
      await waiting.woken();
    }
  }

  /** Moves on to where the log has something. */
  private missing({ partitions }: LogBounds): MissingRecords[] {
    const gaps: MissingRecords[] = [];
    for (const [partition, { oldest, end }] of partitions.entries()) {
      const position = this.own.offsets[partition] ?? 0;
      const madeAnew = this.foreign || position > end;
      if (!madeAnew && position >= oldest) continue;
      this.own.move(partition, oldest);
      gaps.push({ partition, missing: madeAnew ? undefined : oldest - position });
    }
    return gaps;
  }

  private async *readIn(
    reading: SharedReading,
    seat: Seat,
    ring: EventRing,
    waiting: Waiting,
  ): AsyncGenerator<LiveUpdate, void> {
    const place = new RingPlace(reading.ring, this.filter, this.own);
    try {
      while (!waiting.isOver() && !place.isLost && !ring.reachedBy(place.offsets)) {
        const events = place.take(this.sources.limits.updateBytes);
        if (events.length > 0) yield { kind: 'events', events, position: place.position };
        if (!place.isAtEnd) continue;
        if (reading.isOver) return;
        const idle = waiting.idle(place.position);
        if (idle !== undefined) yield idle;
        else {
          seat.isHungry = true;
          reading.look();
          await waiting.woken();
        }
      }
    } finally {
      this.own = new PositionText(ring.log, place.offsets);
    }
  }

  private *told(waiting: Waiting, position: string | undefined): Generator<LiveUpdate, void> {
    const update = waiting.idle(position);
    if (update !== undefined) yield update;
  }
}
