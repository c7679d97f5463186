import type { CommittedSegment } from './cold-segments';
import type { EventPlace } from './event-filter';
import type { EventPage, PageBounds } from './event-list';
import type { StoredEvent } from './event.mapping';

/**
 * Reads the events of segments. Which segments there are, the caller has read from the manifest, in the snapshot in which
 * it also read `events`: then each event is in one of both.
 */
export abstract class ColdEvents {
  /** One page of a project's list over these segments alone; see `newestEvents`. Ends early for its bytes only. */
  abstract newest(segments: readonly CommittedSegment[], projectId: number, bounds: PageBounds): Promise<EventPage>;

  /** Those events that these segments have, in no order. */
  abstract several(
    segments: readonly CommittedSegment[],
    projectId: number,
    places: readonly EventPlace[],
  ): Promise<StoredEvent[]>;
}
