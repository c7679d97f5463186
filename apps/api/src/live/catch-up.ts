import type { EventTail, LogBounds, LogRecord, TailBatch, TailReader } from '@app/messaging';
import type { CatchUpPool, CatchUpTurn } from './catch-up-pool';
import type { EventRing } from './event-ring';
import { matches, readLiveEvent, type LiveFilter, type PlacedEvent } from './live-event';
import type { LiveLimits } from './live-limits';
import { PositionText } from './live-position';
import type { LiveUpdate, MissingRecords } from './live-update';
import { RecentIds } from './recent-ids';

/** What subscriptions of a process share. */
export interface LiveSources {
  readonly tail: EventTail;
  readonly pool: CatchUpPool;
  readonly limits: LiveLimits;
}

/** What a subscriber does between its updates. */
export interface Waiting {
  isOver(): boolean;
  /** Resolves when it was woken: a turn, a second, an end. */
  woken(): Promise<void>;
  wake(): void;
  /** What to say when nothing was said for a while. */
  idle(position: string | undefined): LiveUpdate | undefined;
}

/** Records that are read in one turn of the event loop. */
const SLICE_RECORDS = 200;

/** Leads one subscriber from an older position to the ring, by reading the log from there. */
export class CatchUp {
  private checked = false;
  private readonly known: RecentIds;

  /** @param foreign the position is of another log: nothing of this one was seen. */
  constructor(
    private readonly sources: LiveSources,
    private readonly filter: LiveFilter,
    private readonly foreign: boolean,
  ) {
    this.known = new RecentIds(sources.limits.ring.knownIds);
  }

  /** Ends when `own`, which moves on with what was given, has reached the ring, or when its subscriber has ended. */
  async *run(ring: EventRing, own: PositionText, waiting: Waiting): AsyncGenerator<LiveUpdate, void> {
    while (!waiting.isOver() && !(this.checked && ring.reachedBy(own.offsets))) {
      const turn = this.sources.pool.request(() => {
        waiting.wake();
      });
      try {
        while (!turn.granted && !waiting.isOver()) {
          yield* this.told(waiting, own);
          await waiting.woken();
        }
        if (!waiting.isOver()) yield* this.read(ring, own, waiting, turn);
      } finally {
        turn.release();
      }
    }
  }

  private async *read(
    ring: EventRing,
    own: PositionText,
    waiting: Waiting,
    turn: CatchUpTurn,
  ): AsyncGenerator<LiveUpdate, void> {
    if (!this.checked) {
      const bounds = await this.sources.tail.bounds().catch(() => undefined);
      if (bounds === undefined) {
        // The log is away. Whoever waits looks again every second.
        yield* this.told(waiting, own);
        await waiting.woken();
        return;
      }
      this.checked = true;
      const partitions = this.missing(bounds, own);
      if (partitions.length > 0) yield { kind: 'gap', partitions, position: own.toString() };
    }
    if (ring.reachedBy(own.offsets)) return;
    const reader = this.sources.tail.open(own.offsets);
    try {
      while (!waiting.isOver() && !turn.over && !ring.reachedBy(own.offsets)) {
        yield* this.readOnce(reader, own, () => turn.over || waiting.isOver());
        yield* this.told(waiting, own);
      }
    } finally {
      await reader.close();
    }
  }

  /** Moves `own` to where the log has something. */
  private missing({ partitions }: LogBounds, own: PositionText): MissingRecords[] {
    const gaps: MissingRecords[] = [];
    for (const [partition, { oldest, end }] of partitions.entries()) {
      const position = own.offsets[partition] ?? 0;
      const madeAnew = this.foreign || position > end;
      if (!madeAnew && position >= oldest) continue;
      own.move(partition, oldest);
      gaps.push({ partition, missing: madeAnew ? undefined : oldest - position });
    }
    return gaps;
  }

  /** Between two slices it may be somebody else's turn: `own` is where the next one goes on. */
  private async *readOnce(
    reader: TailReader,
    own: PositionText,
    isOver: () => boolean,
  ): AsyncGenerator<LiveUpdate, void> {
    for (const batch of await reader.read()) {
      const { partition, records, next, missing } = batch;
      let read = 0;
      if (isOver()) return;
      do {
        yield* this.pick(batch, records.slice(read, read + SLICE_RECORDS), own);
        read += SLICE_RECORDS;
      } while (read < records.length && !isOver());
      if (read >= records.length) own.move(partition, next);
      if (missing !== 0) yield { kind: 'gap', partitions: [{ partition, missing }], position: own.toString() };
    }
  }

  private async *pick(
    { partition }: TailBatch,
    records: readonly LogRecord[],
    own: PositionText,
  ): AsyncGenerator<LiveUpdate, void> {
    let workedMs = 0;
    let since = performance.now();
    let events: PlacedEvent[] = [];
    let bytes = 0;
    for (const record of records) {
      own.move(partition, record.offset + 1);
      const event = readLiveEvent(record, partition);
      if (event === undefined || !matches(event.event, this.filter) || !this.known.add(event.event)) continue;
      events.push({ ...event, position: own.toString() });
      bytes += event.bytes;
      if (bytes < this.sources.limits.updateBytes) continue;
      // Until it is taken somebody slow may read, which is no work of ours.
      workedMs += performance.now() - since;
      yield { kind: 'events', events, position: own.toString() };
      since = performance.now();
      [events, bytes] = [[], 0];
    }
    workedMs += performance.now() - since;
    if (events.length > 0) yield { kind: 'events', events, position: own.toString() };
    await this.sources.pool.rest(workedMs);
  }

  private *told(waiting: Waiting, own: PositionText): Generator<LiveUpdate, void> {
    // Of another log nothing is known yet that it could come again with.
    const update = waiting.idle(this.foreign && !this.checked ? undefined : own.toString());
    if (update !== undefined) yield update;
  }
}
