import type { Queryable } from './database';
import { eventColumns, fromEventRow, type StoredEvent, type StoredEventRow } from './event.mapping';

/** Reads the hot events of one project. */
export class EventReader {
  constructor(private readonly database: Queryable) {}

  /**
   * Newest first, by (`occurredAt`, `eventId`).
   *
   * @param limit 1 to 200.
   */
  async newest(projectId: number, limit: number): Promise<StoredEvent[]> {
    const rows = await this.database.query<StoredEventRow>(
      `SELECT ${eventColumns} FROM events e WHERE e.project_id = $1
       ORDER BY e.occurred_at DESC, e.event_id DESC LIMIT $2`,
      [projectId, limit],
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
}
