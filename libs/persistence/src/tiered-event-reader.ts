import { uuidArray } from './binary-array';
import type { ColdEvents } from './cold-events.port';
import { committedSegments, fromSegmentsColumn } from './committed-segments';
import type { Queryable } from './database';
import type { EventPlace } from './event-filter';
import type { EventPage, PageBounds } from './event-list';
import { eventColumns, fromEventRow, milliseconds, type StoredEvent, type StoredEventRow } from './event.mapping';
import { EventReader } from './event-reader';
import { withFreshManifest } from './fresh-manifest';
import { ledgerLookup, type LookedUpRow } from './ledger-lookup';
import { jsonBytes, newestOfBoth } from './tiered-list';

/** Reads the events of one project, wherever they are. */
export class TieredEventReader extends EventReader {
  constructor(
    private readonly tiers: Queryable,
    private readonly cold: ColdEvents,
  ) {
    super(tiers);
  }

  override newest(projectId: number, bounds: PageBounds): Promise<EventPage> {
    return withFreshManifest(() => newestOfBoth(this.tiers, this.cold, projectId, bounds));
  }

  override one(projectId: number, eventId: string): Promise<StoredEvent | undefined> {
    return withFreshManifest(() => this.oneOfBoth(projectId, eventId));
  }

  override several(projectId: number, eventIds: readonly string[], maxBytes: number): Promise<StoredEvent[]> {
    return withFreshManifest(() => this.severalOfBoth(projectId, eventIds, maxBytes));
  }

  private async oneOfBoth(projectId: number, eventId: string): Promise<StoredEvent | undefined> {
    const [row] = await this.tiers.query<LookedUpRow & StoredEventRow>(ledgerLookup(eventColumns), [
      projectId,
      eventId,
    ]);
    if (row === undefined) return undefined;
    if (row.is_hot) return fromEventRow(row);
    const place = { occurredAt: new Date(row.known_at), eventId: row.known_id };
    const [event] = await this.cold.several(
      fromSegmentsColumn(row.segments),
      projectId,
      [place],
      Number.MAX_SAFE_INTEGER,
    );
    return event;
  }

  private async severalOfBoth(
    projectId: number,
    eventIds: readonly string[],
    maxBytes: number,
  ): Promise<StoredEvent[]> {
    const { events: hot, cut } = await this.upTo(projectId, eventIds, maxBytes);
    if (cut) return hot;
    const found = new Set(hot.map(({ eventId }) => eventId));
    const places = await this.placesOf(
      projectId,
      eventIds.filter((eventId) => !found.has(eventId)),
    );
    if (places.length === 0) return hot;
    // In this order no snapshot is needed: what has left the hot tier is in the manifest, and stays there.
    const times = places.map(({ occurredAt }) => occurredAt.getTime());
    const [from, until] = [new Date(Math.min(...times)), new Date(Math.max(...times))];
    const segments = await committedSegments(this.tiers, projectId, { from, until });
    const left = hot.reduce((bytes, event) => bytes - jsonBytes(event), maxBytes);
    return [...hot, ...(await this.cold.several(segments, projectId, places, left))];
  }

  private async placesOf(projectId: number, eventIds: readonly string[]): Promise<EventPlace[]> {
    if (eventIds.length === 0) return [];
    const rows = await this.tiers.query<{ readonly event_id: string; readonly occurred_at: number }>(
      `SELECT w.event_id, ${milliseconds('occurred_at')} FROM unnest($2::uuid[]) AS w(event_id)
       CROSS JOIN LATERAL (
         SELECT occurred_at FROM event_ids WHERE project_id = $1 AND event_id = w.event_id LIMIT 1
       ) e`,
      [projectId, uuidArray(eventIds, (eventId) => eventId)],
    );
    return rows.map(({ event_id, occurred_at }) => ({ occurredAt: new Date(occurred_at), eventId: event_id }));
  }
}
