import { PipelineError } from '@app/events';
import type { LogPosition, TailBatch, TailReader } from '@app/messaging';
import type { Logger } from 'pino';
import { Bell } from './bell';
import { EventRing } from './event-ring';
import type { LiveLimits } from './live-limits';
import { distance } from './live-position';

/** What is read in one turn of the event loop; and, of all subscribers together, what they are given in it, about 10 ms. */
const SLICE = { records: 200, bytes: 256 * 1024, deliveries: 10_000, fewest: 20 };
/** Whoever is so far away is better read for apart. */
export const NEAR_RECORDS = 5000;
/** One who takes nothing for so many turns does not keep the others waiting. */
const MOST_TURNS = 5;

/** One subscriber's place among those who read older positions. */
export interface Seat {
  /** Name of the log, and what it still has. */
  readonly log: string;
  readonly oldest: LogPosition;
  readonly projectId: number;
  /** Where it wants to go on. */
  readonly from: LogPosition;
  readonly wake: () => void;
  /** Undefined while it waits for its turn. */
  reading: SharedReading | undefined;
  /** It has taken all that the reading has: something new may come. */
  isHungry: boolean;
  /** The log has no more what is next. */
  isOverHole: boolean;
}

export interface ReadingHooks {
  /** Resolves when the process has had as much time for others. */
  readonly rest: (workedMs: number) => Promise<void>;
  /** Whether another one wants to read. */
  readonly isAwaited: () => boolean;
  readonly onEnd: () => void;
}

export interface ReadingSource {
  readonly log: string;
  readonly from: LogPosition;
  /** Where there is something new for its first subscribers. */
  readonly nearest: LogPosition;
  readonly reader: TailReader;
  /** The events of other projects are passed over. */
  readonly projects: ReadonlySet<number>;
}

/**
 * Reads the log from an older position, once for all subscribers that are near it, into a ring of its own. It goes on when
 * one of them has taken all: one that is slower keeps its place until the ring is full, and then waits for another reading.
 *
 * Over when nobody is there any more, when it is somebody else's turn, or when the log lacks what is next.
 */
export class SharedReading {
  readonly ring: EventRing;
  private readonly seats = new Set<Seat>();
  private readonly taken = new Bell();
  private readonly startedAt = performance.now();
  private readonly timers: NodeJS.Timeout[];
  private over = false;

  constructor(
    private readonly source: ReadingSource,
    private readonly limits: Pick<LiveLimits, 'readingRing' | 'turnMs'>,
    private readonly hooks: ReadingHooks,
    private readonly logger: Logger,
  ) {
    this.ring = new EventRing(source.log, source.from, limits.readingRing);
    this.timers = [1, MOST_TURNS].map((turns) =>
      setTimeout(() => {
        this.look();
      }, turns * limits.turnMs),
    );
    void this.run();
  }

  get isOver(): boolean {
    return this.over;
  }

  get size(): number {
    return this.seats.size;
  }

  admits({ projectId, from }: Seat): boolean {
    if (this.over || !this.source.projects.has(projectId)) return false;
    return this.ring.reachedBy(from) && distance(this.ring.offsets, from) <= NEAR_RECORDS;
  }

  add(seat: Seat): void {
    this.seats.add(seat);
  }

  remove(seat: Seat): void {
    this.seats.delete(seat);
    if (this.seats.size === 0) this.end();
  }

  /** Something may have changed: who has taken all, or who waits. */
  look(): void {
    this.taken.ring();
  }

  end(): void {
    if (this.over) return;
    this.over = true;
    for (const timer of this.timers) clearTimeout(timer);
    void this.source.reader.close();
    this.look();
    for (const seat of this.seats) seat.wake();
    this.hooks.onEnd();
  }

  private async run(): Promise<void> {
    try {
      while (!this.over) await this.readOnce();
    } catch (error) {
      const line = 'Reading an older position has failed.';
      if (error instanceof PipelineError) this.logger.warn({ error }, line);
      else this.logger.error({ error }, line);
    } finally {
      this.end();
    }
  }

  private async readOnce(): Promise<void> {
    const batches = await this.source.reader.read();
    for (const slice of slicesOf(batches, this.sliceRecords())) {
      if (slice.missing !== 0) {
        for (const seat of this.seats) seat.isOverHole = true;
        this.end();
      }
      if (this.over) return;
      const startedAt = performance.now();
      this.ring.append([slice], this.source.projects);
      const workedMs = performance.now() - startedAt;
      for (const seat of this.seats) seat.isHungry = false;
      for (const seat of this.seats) seat.wake();
      await this.hooks.rest(workedMs);
      await this.untilTaken();
    }
  }

  /** A ring must have room for two slices: nobody may lose what it could not have taken yet. */
  private sliceRecords(): number {
    const most = Math.max(SLICE.fewest, SLICE.deliveries / Math.max(1, this.size));
    return Math.max(1, Math.floor(Math.min(SLICE.records, most, this.limits.readingRing.events / 2)));
  }

  private async untilTaken(): Promise<void> {
    while (!this.over) {
      const isTaken = [...this.seats].some(({ isHungry }) => isHungry);
      // Without something new in each turn nobody would ever get anywhere.
      const mayEnd = distance(this.ring.offsets, this.source.from) > distance(this.source.nearest, this.source.from);
      const turns = (performance.now() - this.startedAt) / this.limits.turnMs;
      if (this.hooks.isAwaited() && mayEnd && turns >= (isTaken ? 1 : MOST_TURNS)) this.end();
      if (isTaken) return;
      await this.taken.heard();
    }
  }
}

function* slicesOf(batches: readonly TailBatch[], most: number): Generator<TailBatch> {
  for (const { partition, records, next, missing } of batches) {
    let from = 0;
    do {
      let [end, bytes] = [from, 0];
      while (end < records.length && end - from < most && bytes < SLICE.bytes) {
        bytes += records[end]?.value?.length ?? 0;
        end += 1;
      }
      const slice = records.slice(from, end);
      const isLast = end >= records.length;
      yield { partition, records: slice, next: isLast ? next : (slice.at(-1)?.offset ?? next) + 1, missing };
      from = end;
    } while (from < records.length);
  }
}
