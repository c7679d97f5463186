import type { LogPosition, TailBatch } from '@app/messaging';
import { filterKey, matches, readLiveEvent, type LiveEvent, type LiveFilter, type PlacedEvent } from './live-event';
import { PositionText, reaches } from './live-position';
import { RecentIds } from './recent-ids';

export interface RingLimits {
  readonly events: number;
  /** Estimate of what the events take of the memory. */
  readonly bytes: number;
  /** Of those events, so many are known by their ids, so that one that comes again is left out. */
  readonly knownIds: number;
}

/** Events for a subscriber. Subscribers of equal filters at the same place get the same object. */
export interface Taken {
  readonly events: readonly PlacedEvent[];
  /** Number of the entry to go on with. */
  readonly next: number;
  /** Behind everything that was looked at, matching or not. */
  readonly position: string;
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
  /** What the last callers have taken; equal questions come in a row. */
  private readonly taken = new Map<string, Taken & { readonly from: number; readonly maxBytes: number }>();

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

  /** Behind everything that was read. */
  get position(): string {
    return this.end.toString();
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

  append(batches: readonly TailBatch[]): void {
    this.taken.clear();
    for (const { partition, records, next } of batches) {
      for (const record of records) {
        const event = readLiveEvent(record, partition);
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
    const key = filterKey(filter);
    const same = this.taken.get(key);
    if (same?.from === from && same.maxBytes === maxBytes) return same;
    const events: PlacedEvent[] = [];
    let bytes = 0;
    let number = from;
    for (; number < this.next && bytes < maxBytes; number += 1) {
      const entry = this.at(number);
      if (!matches(entry.event, filter)) continue;
      events.push(entry);
      bytes += entry.bytes;
    }
    const position = number === this.next ? this.position : this.at(number - 1).position;
    const taken = { from, maxBytes, events, next: number, position };
    this.taken.set(key, taken);
    return taken;
  }

  /** The same for a subscriber that is past some of the entries, and whose position moves with what it is given. */
  takeFor(own: PositionText, filter: LiveFilter, from: number, maxBytes: number): Taken {
    const events: PlacedEvent[] = [];
    let bytes = 0;
    let number = from;
    for (; number < this.next && bytes < maxBytes; number += 1) {
      const entry: LiveEvent = this.at(number);
      if (entry.offset < (own.offsets[entry.partition] ?? 0)) continue;
      own.move(entry.partition, entry.offset + 1);
      if (!matches(entry.event, filter)) continue;
      events.push({ ...entry, position: own.toString() });
      bytes += entry.bytes;
    }
    return { events, next: number, position: own.toString() };
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
