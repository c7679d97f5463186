import type { LogPosition, TailBatch } from '@app/messaging';
import { filterKey, matches, readLiveEvent, type LiveEvent, type LiveFilter, type PlacedEvent } from './live-event';
import { PositionText, reaches, readPosition } from './live-position';
import { RecentIds } from './recent-ids';

export interface RingLimits {
  readonly events: number;
  /** Estimate of what the events take of the memory. */
  readonly bytes: number;
  /** Of those events, so many are known by their ids, so that one that comes again is left out. */
  readonly knownIds: number;
  /** The same estimate of what was handed out and may be asked for by others. */
  readonly sharedBytes: number;
}

/** Who is at different entries comes together at the multiples of this, and shares from there. */
const ENTRIES_AT_A_TIME = 256;
/** Of what is handed out, besides its events. */
const BYTES_OF_KEY = 1000;

/** Events for a subscriber. Subscribers of equal filters at the same place get the same object. */
export interface Taken {
  readonly events: readonly PlacedEvent[];
  /** Number of the entry to go on with. */
  readonly next: number;
  /** Behind everything that was looked at, matching or not. */
  readonly position: string;
  /** The same for one who has a position of its own. */
  readonly own?: PositionText;
}

/**
 * The last events of all projects, in the order in which they were read from the log: numbered from 0, and the first ones
 * leave when there are too many, or their bytes.
 */
export class EventRing {
  private entries: PlacedEvent[] = [];
  /** Of `entries`, so many have left: cutting them off one by one would copy the rest each time. */
  private gone = 0;
  private firstNumber = 0;
  private heldBytes = 0;
  private readonly start: number[];
  private readonly end: PositionText;
  private readonly known: RecentIds;
  /** What the last callers have taken, the oldest first: equal questions come in a row. */
  private readonly taken = new Map<string, { readonly taken: Taken; readonly bytes: number }>();
  private takenBytes = 0;

  constructor(
    readonly log: string,
    from: LogPosition,
    private readonly limits: RingLimits,
  ) {
    this.start = [...from];
    this.end = new PositionText(log, from);
    this.known = new RecentIds(limits.knownIds);
  }

  /** Number of the oldest entry. */
  get first(): number {
    return this.firstNumber;
  }

  /** Number that the next entry will get. */
  get next(): number {
    return this.firstNumber + this.entries.length - this.gone;
  }

  get bytes(): number {
    return this.heldBytes;
  }

  /** Of what was handed out and is kept for who asks for the same, whether the ring still has it or not. */
  get sharedBytes(): number {
    return this.takenBytes;
  }

  /** Behind everything that was read. */
  get position(): string {
    return this.end.toString();
  }

  get offsets(): LogPosition {
    return this.end.offsets;
  }

  /** What is in front of this has left, or was never here. */
  get oldest(): LogPosition {
    return this.start;
  }

  /** Whether a subscriber at this position gets all that it is due from the first entry on. */
  reachedBy(position: LogPosition): boolean {
    return reaches(position, this.start);
  }

  /** Whether nothing was read that is behind this position: everybody here goes on alike. */
  covers(position: LogPosition): boolean {
    return reaches(this.end.offsets, position);
  }

  /**
   * Whether everything from entry `number` on is behind this position: who is there goes on like everybody. May say no
   * for a while.
   */
  passes(number: number, position: LogPosition): boolean {
    if (number === this.next) return this.covers(position);
    if (number === this.firstNumber) return reaches(this.start, position);
    return reaches(readPosition(this.at(number - 1).position)?.offsets ?? [], position);
  }

  /** @param projects undefined: of all projects; others are passed over without being read. */
  append(batches: readonly TailBatch[], projects?: ReadonlySet<number>): void {
    for (const { partition, records, next } of batches) {
      for (const record of records) {
        const event = readLiveEvent(record, partition, projects);
        if (event === undefined || !this.known.add(event.event)) continue;
        this.end.move(partition, event.offset + 1);
        this.entries.push({ ...event, position: this.end.toString() });
        this.heldBytes += event.bytes;
      }
      this.end.move(partition, next);
      this.evict();
    }
  }

  /** What matches from entry `from` on, up to about `maxBytes` of it. */
  take(filter: LiveFilter, from: number, maxBytes: number): Taken {
    if (from === this.next) return { events: [], next: from, position: this.position };
    const end = this.endFrom(from);
    return this.shared(`${from}/${end}/${maxBytes}/${filterKey(filter)}`, () => {
      const events: PlacedEvent[] = [];
      let bytes = 0;
      let number = from;
      for (; number < end && bytes < maxBytes; number += 1) {
        const entry = this.at(number);
        if (!matches(entry.event, filter)) continue;
        events.push(entry);
        bytes += entry.bytes;
      }
      const position = number === this.next ? this.position : this.at(number - 1).position;
      return { events, next: number, position };
    });
  }

  /** The same for a subscriber that is past some of the entries, and whose position moves with what it is given. */
  takeFor(own: PositionText, filter: LiveFilter, from: number, maxBytes: number): Taken {
    if (from === this.next) return { events: [], next: from, position: own.toString(), own };
    const end = this.endFrom(from);
    // Those who were at one place when they were left alone still are.
    return this.shared(`${from}/${end}/${maxBytes}/${own.toString()}/${filterKey(filter)}`, () => {
      const moved = own.copy();
      const events: PlacedEvent[] = [];
      let bytes = 0;
      let number = from;
      for (; number < end && bytes < maxBytes; number += 1) {
        const entry: LiveEvent = this.at(number);
        if (entry.offset < (moved.offsets[entry.partition] ?? 0)) continue;
        moved.move(entry.partition, entry.offset + 1);
        if (!matches(entry.event, filter)) continue;
        events.push({ ...entry, position: moved.toString() });
        bytes += entry.bytes;
      }
      return { events, next: number, position: moved.toString(), own: moved };
    });
  }

  private endFrom(from: number): number {
    return Math.min(this.next, (Math.floor(from / ENTRIES_AT_A_TIME) + 1) * ENTRIES_AT_A_TIME);
  }

  /** What was made for this key a moment ago, or is made now. */
  private shared(key: string, make: () => Taken): Taken {
    const same = this.taken.get(key);
    if (same !== undefined) return same.taken;
    const taken = make();
    this.keep(key, taken);
    return taken;
  }

  private keep(key: string, taken: Taken): void {
    const bytes = taken.events.reduce((sum, event) => sum + event.bytes, BYTES_OF_KEY);
    this.taken.set(key, { taken, bytes });
    this.takenBytes += bytes;
    for (const [oldest, { bytes: ofOldest }] of this.taken) {
      if (this.takenBytes <= this.limits.sharedBytes) return;
      this.taken.delete(oldest);
      this.takenBytes -= ofOldest;
    }
  }

  private at(number: number): PlacedEvent {
    const entry = this.entries[this.gone + number - this.firstNumber];
    if (entry === undefined) throw new RangeError(`The ring has no entry ${number}.`);
    return entry;
  }

  private evict(): void {
    const { events, bytes } = this.limits;
    while (this.next - this.firstNumber > events || (this.heldBytes > bytes && this.next > this.firstNumber)) {
      const { partition, offset, bytes: ofEntry } = this.at(this.firstNumber);
      this.start[partition] = offset + 1;
      this.heldBytes -= ofEntry;
      this.firstNumber += 1;
      this.gone += 1;
    }
    if (this.gone < 1000) return;
    this.entries = this.entries.slice(this.gone);
    this.gone = 0;
  }
}
