import { uuidArray } from './binary-array';
import type { Queryable } from './database';
import { eventColumns, fromEventRow, type StoredEvent, type StoredEventRow } from './event.mapping';

/** A place in the order of a list; the event itself need not exist. */
export interface EventPlace {
  readonly occurredAt: Date;
  readonly eventId: string;
}

/** Reads the hot events of one project. */
export class EventReader {
  constructor(private readonly database: Queryable) {}

  /**
   * Newest first, by (`occurredAt`, `eventId`).
   *
   * @param limit 1 to 201.
   * @param before only events behind this place in that order; from the newest on without it.
   */
  async newest(projectId: number, limit: number, before?: EventPlace): Promise<StoredEvent[]> {
    const behind = before === undefined ? '' : 'AND (e.occurred_at, e.event_id) < ($3::timestamptz, $4::uuid)';
    const place = before === undefined ? [] : [before.occurredAt.toISOString(), before.eventId];
    const rows = await this.database.query<StoredEventRow>(
      `SELECT ${eventColumns} FROM events e WHERE e.project_id = $1 ${behind}
       ORDER BY e.occurred_at DESC, e.event_id DESC LIMIT $2`,
      [projectId, limit, ...place],
    );
    return rows.map(fromEventRow);
  }

  /** @param eventId a UUID, in whatever case. */
  async one(projectId: number, eventId: string): Promise<StoredEvent | undefined> {
    // The ledger knows the time, and with it the one partition to look into. As a subquery, since of a join the planner
    // may begin at the other end and search every partition for the id.
    const rows = await this.database.query<StoredEventRow>(
      `SELECT ${eventColumns} FROM events e
       WHERE e.project_id = $1 AND e.event_id = $2
         AND e.occurred_at = (SELECT occurred_at FROM event_ids WHERE project_id = $1 AND event_id = $2)`,
      [projectId, eventId],
    );
    return rows.map(fromEventRow)[0];
  }

  /** Those of the ids that are stored, in no order. @param eventIds UUIDs in lower case. */
  async several(projectId: number, eventIds: readonly string[]): Promise<StoredEvent[]> {
    const rows = await this.database.query<StoredEventRow>(
      `SELECT ${eventColumns}
       FROM unnest($2::uuid[]) AS w(event_id)
       CROSS JOIN LATERAL (
         SELECT occurred_at FROM event_ids WHERE project_id = $1 AND event_id = w.event_id LIMIT 1
       ) i
       CROSS JOIN LATERAL (
         SELECT * FROM events WHERE project_id = $1 AND occurred_at = i.occurred_at AND event_id = w.event_id LIMIT 1
       ) e`,
      [projectId, uuidArray(eventIds, (eventId) => eventId)],
    );
    return rows.map(fromEventRow);
  }
}
