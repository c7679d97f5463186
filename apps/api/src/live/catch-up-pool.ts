import { setTimeout as delay } from 'node:timers/promises';
import type { EventTail } from '@app/messaging';
import type { Logger } from 'pino';
import type { LiveLimits } from './live-limits';
import { distance } from './live-position';
import { NEAR_RECORDS, SharedReading, type Seat } from './shared-reading';

/** A reading begins earlier by this part of its ring: who was a little behind the first one can join it. */
const SLACK = 1 / 8;

/**
 * Lets a few read older positions at a time, in turns, each for all who are near, and all of them together no more than half
 * of the time of the event loop: whoever reads a month of events must not hold up those who post.
 */
export class CatchUpPool {
  private readonly readings = new Set<SharedReading>();
  private waiting: Seat[] = [];
  private freeAt = 0;

  constructor(
    private readonly tail: EventTail,
    private readonly limits: Pick<LiveLimits, 'readers' | 'readingRing' | 'turnMs'>,
    private readonly logger: Logger,
  ) {}

  /** Subscribers that read, or wait for it. */
  get size(): number {
    return [...this.readings].reduce((sum, { size }) => sum + size, this.waiting.length);
  }

  join(seat: Seat): void {
    const reading = [...this.readings].find((each) => each.admits(seat));
    if (reading !== undefined) seatAt(reading, seat);
    else {
      this.waiting.push(seat);
      this.grant();
      for (const each of this.readings) each.look();
    }
  }

  /** May be called twice. */
  leave(seat: Seat): void {
    this.waiting = this.waiting.filter((other) => other !== seat);
    seat.reading?.remove(seat);
  }

  private grant(): void {
    while (this.readings.size < this.limits.readers) {
      const [first] = this.waiting;
      if (first === undefined) return;
      const near = this.waiting.filter(({ from }) => distance(first.from, from) <= NEAR_RECORDS);
      this.waiting = this.waiting.filter((seat) => !near.includes(seat));
      const reading = this.open(first, near);
      for (const seat of near) seatAt(reading, seat);
    }
  }

  private open({ log, oldest }: Seat, near: readonly Seat[]): SharedReading {
    const slack = Math.ceil((this.limits.readingRing.events * SLACK) / oldest.length);
    const nearest = oldest.map((_, partition) => Math.min(...near.map((seat) => seat.from[partition] ?? 0)));
    const from = oldest.map((offset, partition) => Math.max(offset, (nearest[partition] ?? 0) - slack));
    const projects = new Set(near.map(({ projectId }) => projectId));
    const source = { log, from, nearest, reader: this.tail.open(from), projects };
    const hooks = {
      rest: (workedMs: number) => this.rest(workedMs),
      isAwaited: () => this.waiting.length > 0,
      onEnd: () => {
        this.readings.delete(reading);
        this.grant();
      },
    };
    const reading: SharedReading = new SharedReading(source, this.limits, hooks, this.logger);
    this.readings.add(reading);
    return reading;
  }

  /** Resolves when others of the process have had as much time as was worked, by all who read. */
  private async rest(workedMs: number): Promise<void> {
    const now = performance.now();
    this.freeAt = Math.max(now, this.freeAt) + workedMs;
    await delay(Math.ceil(this.freeAt - now));
  }
}

function seatAt(reading: SharedReading, seat: Seat): void {
  seat.reading = reading;
  reading.add(seat);
  seat.wake();
}
