import type { CommittedSegment } from './committed-segments';
import type { EventPlace } from './event-filter';
import type { EventPage, PageBounds } from './event-list';
import type { StoredEvent } from './event.mapping';

/** When an event came, and when it went to the archive first. */
export interface ArchivedTimes {
  readonly receivedAt: Date;
  readonly storedAt: Date;
  readonly archivedAt: Date;
}

/** How many events of a name there are at a time, and the exact sum of their amounts. */
export interface ColdCount {
  readonly projectId: number;
  /** Milliseconds since 1970, as the next. */
  readonly atMs: number;
  readonly name: string;
  readonly events: number;
  /** A decimal. */
  readonly amount: string;
}

/** A day on which a user has events. */
export interface ColdUserDay {
  readonly projectId: number;
  readonly userId: string;
  readonly dayMs: number;
}

/** Takes some rows; no more are read until it has. */
export type TakeRows<Row> = (rows: readonly Row[]) => Promise<void>;

/**
 * Reads the events of segments. Which segments there are, the caller has read from the manifest, in the snapshot in which
 * it also read `events`: then each event is in one of both.
 *
 * Every call throws `ColdFileGoneError` when a file is not there (any more), `ColdUnavailableError` for other reasons to
 * try again later.
 */
export abstract class ColdEvents {
  /** One page of a project's list over these segments alone; see `newestEvents`. Ends early for its bytes, or for its time. */
  abstract newest(segments: readonly CommittedSegment[], projectId: number, bounds: PageBounds): Promise<EventPage>;

  /** Those events that these segments have, in no order; fewer when the JSON of them all has more than `maxBytes`. */
  abstract several(
    segments: readonly CommittedSegment[],
    projectId: number,
    places: readonly EventPlace[],
    maxBytes: number,
  ): Promise<StoredEvent[]>;

  /** Of one event; undefined when these segments do not have it. */
  abstract times(
    segments: readonly CommittedSegment[],
    projectId: number,
    place: EventPlace,
  ): Promise<ArchivedTimes | undefined>;

  /** What a segment adds up to: by the minute from `minutesFrom` on, by the day (UTC) before it. */
  abstract counts(segment: CommittedSegment, minutesFrom: Date, take: TakeRows<ColdCount>): Promise<void>;

  /** Each user of each project once a day. */
  abstract userDays(segment: CommittedSegment, take: TakeRows<ColdUserDay>): Promise<void>;
}
