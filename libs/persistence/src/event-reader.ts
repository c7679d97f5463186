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

/** One page of a list. */
export interface PageBounds {
  /** Events at most, 1 to 200. */
  readonly limit: number;
  /** Bytes that the JSON of their `data` and `context` has at most; only the first event may have more alone. */
  readonly maxBytes: number;
  /** Only events behind this place; from the newest on without it. */
  readonly before?: EventPlace | undefined;
}

export interface EventPage {
  readonly events: readonly StoredEvent[];
  /** Whether others follow behind the last. */
  readonly more: boolean;
}

const NEWEST_FIRST = 'e.occurred_at DESC, e.event_id DESC';

/**
 * The bytes of the JSON of `e` and of those before it in that order. PostgreSQL measures: its text of a number like
 * 1e308 has 309 bytes, so that what was sent says little.
 */
function bytesUpTo(order: string): string {
  return `sum(octet_length(e.data::text) + coalesce(octet_length(e.context::text), 0))
    OVER (ORDER BY ${order})::float8 AS bytes`;
}

type SizedRow = StoredEventRow & { readonly bytes: number };

/** Reads the hot events of one project. */
export class EventReader {
  constructor(private readonly database: Queryable) {}

  /** One page, newest first, by (`occurredAt`, `eventId`). */
  async newest(projectId: number, { limit, maxBytes, before }: PageBounds): Promise<EventPage> {
    const behind = before === undefined ? '' : 'AND (occurred_at, event_id) < ($4::timestamptz, $5::uuid)';
    const place = before === undefined ? [] : [before.occurredAt.toISOString(), before.eventId];
    const rows = await this.database.query<StoredEventRow & { readonly listed: number }>(
      `SELECT ${eventColumns}, e.listed FROM (
         SELECT e.*, ${bytesUpTo(NEWEST_FIRST)}, row_number() OVER (ORDER BY ${NEWEST_FIRST}) AS place,
           (count(*) OVER ())::int AS listed
         FROM (
           SELECT * FROM events e WHERE project_id = $1 ${behind}
           ORDER BY ${NEWEST_FIRST} LIMIT $2 + 1
         ) e
       ) e
       WHERE e.place <= $2 AND (e.bytes <= $3 OR e.place = 1)
       ORDER BY e.place`,
      [projectId, limit, maxBytes, ...place],
    );
    return { events: rows.map(fromEventRow), more: rows.length < (rows[0]?.listed ?? 0) };
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
    return this.database.query<SizedRow>(
      `SELECT ${eventColumns}, e.bytes FROM (
         SELECT e.*, ${bytesUpTo('e.event_id')}
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
