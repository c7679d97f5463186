import { uuidArray } from './binary-array';
import type { Queryable } from './database';
import { eventColumns, fromEventRow, type StoredEvent, type StoredEventRow } from './event.mapping';

/** A place in the order of a list; the event itself need not exist. */
export interface EventPlace {
  readonly occurredAt: Date;
  readonly eventId: string;
}

/** Events that one question asks for by their ids, so that it stops soon after too many bytes. */
const PIECE_EVENTS = 100;

type SizedRow = StoredEventRow & { readonly bytes: number };

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

  /**
   * Those of the ids that are stored, in no order; fewer when the JSON of them all has more than `maxBytes`, which
   * neither this process nor PostgreSQL then makes to the end.
   *
   * @param eventIds UUIDs in lower case.
   */
  async several(projectId: number, eventIds: readonly string[], maxBytes: number): Promise<StoredEvent[]> {
    const found: StoredEvent[] = [];
    let left = maxBytes;
    for (let from = 0; from < eventIds.length; from += PIECE_EVENTS) {
      const piece = eventIds.slice(from, from + PIECE_EVENTS);
      const rows = await this.piece(projectId, piece, left);
      found.push(...rows.map(fromEventRow));
      if (rows.length < piece.length) break;
      left -= Math.max(...rows.map(({ bytes }) => bytes));
    }
    return found;
  }

  /** Every row tells the bytes of itself and of those before it. */
  private piece(projectId: number, eventIds: readonly string[], maxBytes: number): Promise<SizedRow[]> {
    // PostgreSQL measures: its text of a number like 1e308 has 309 bytes, so that what was sent says little.
    return this.database.query<SizedRow>(
      `SELECT ${eventColumns}, e.bytes FROM (
         SELECT e.*, sum(octet_length(e.data::text) + coalesce(octet_length(e.context::text), 0))
           OVER (ORDER BY e.event_id)::float8 AS bytes
         FROM unnest($2::uuid[]) AS w(event_id)
         CROSS JOIN LATERAL (
           SELECT occurred_at FROM event_ids WHERE project_id = $1 AND event_id = w.event_id LIMIT 1
         ) i
         CROSS JOIN LATERAL (
           SELECT * FROM events WHERE project_id = $1 AND occurred_at = i.occurred_at AND event_id = w.event_id LIMIT 1
         ) e
       ) e
       WHERE e.bytes <= $3`,
      [projectId, uuidArray(eventIds, (eventId) => eventId), maxBytes],
    );
  }
}
