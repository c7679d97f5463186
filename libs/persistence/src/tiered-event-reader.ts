import type { ColdEvents } from './cold-events.port';
import { committedSegments } from './cold-segments';
import type { Database } from './database';
import type { EventPage, PageBounds } from './event-list';
import { milliseconds, type StoredEvent } from './event.mapping';
import { EventReader } from './event-reader';
import { newestOfBoth } from './tiered-list';

/** Reads lists and single events of one project, wherever they are; `several` looks into the hot tier alone. */
export class TieredEventReader extends EventReader {
  constructor(
    private readonly tiers: Database,
    private readonly cold: ColdEvents,
  ) {
    super(tiers);
  }

  override newest(projectId: number, bounds: PageBounds): Promise<EventPage> {
    return newestOfBoth(this.tiers, this.cold, projectId, bounds);
  }

  override async one(projectId: number, eventId: string): Promise<StoredEvent | undefined> {
    // In this order no snapshot is needed: what has left the hot tier is in the manifest, and stays there.
    return (await super.one(projectId, eventId)) ?? (await this.coldOne(projectId, eventId));
  }

  private async coldOne(projectId: number, eventId: string): Promise<StoredEvent | undefined> {
    const [place] = await this.tiers.query<{ event_id: string; occurred_at: number }>(
      `SELECT e.event_id, ${milliseconds('occurred_at')} FROM event_ids e WHERE e.project_id = $1 AND e.event_id = $2`,
      [projectId, eventId],
    );
    if (place === undefined) return undefined;
    const occurredAt = new Date(place.occurred_at);
    const segments = await committedSegments(this.tiers, projectId, { from: occurredAt, until: occurredAt });
    const [event] = await this.cold.several(segments, projectId, [{ occurredAt, eventId: place.event_id }]);
    return event;
  }
}
