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

/**
 * Reads the events of segments. Which segments there are, the caller has read from the manifest, in the snapshot in which
 * it also read `events`: then each event is in one of both.
 *
 * Every call throws `ColdFileGoneError` when a file is not there (any more), `ColdUnavailableError` for other reasons to
 * try again later.
 */
export abstract class ColdEvents {
  /** One page of a project's list over these segments alone; see `newestEvents`. Ends early for its bytes only. */
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
}
