import { uuidArray } from './binary-array';
import type { Queryable } from './database';
import { bytesUpTo, newestEvents, type EventPage, type PageBounds } from './event-list';
import { eventColumns, fromEventRow, type StoredEvent, type StoredEventRow } from './event.mapping';

/** Events that one question asks for by their ids, so that it stops soon after too many bytes. */
const PIECE_EVENTS = 100;

/** With how many of its question there are. */
type SizedRow = StoredEventRow & { readonly bytes: number; readonly listed: number };

/** Reads the hot events of one project; `TieredEventReader` those of both tiers. */
export class EventReader {
  constructor(private readonly database: Queryable) {}

  /** One page of a project's list, newest first; see `newestEvents`. */
  async newest(projectId: number, bounds: PageBounds): Promise<EventPage> {
    const { events, next, bytes } = await newestEvents(this.database, projectId, bounds);
    return { events, next, bytes };
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
   * Those of the ids that the hot tier has, in no order; fewer when the JSON of them all has more than `maxBytes`, which
   * neither this process nor PostgreSQL then makes to the end.
   *
   * @param eventIds UUIDs in lower case.
   */
  async several(projectId: number, eventIds: readonly string[], maxBytes: number): Promise<StoredEvent[]> {
    return (await this.upTo(projectId, eventIds, maxBytes)).events;
  }

  /** As `several`. @returns `cut` when the hot tier has more of them. */
  protected async upTo(
    projectId: number,
    eventIds: readonly string[],
    maxBytes: number,
  ): Promise<{ readonly events: StoredEvent[]; readonly cut: boolean }> {
    const events: StoredEvent[] = [];
    let left = maxBytes;
    for (let from = 0; from < eventIds.length; from += PIECE_EVENTS) {
      const rows = await this.piece(projectId, eventIds.slice(from, from + PIECE_EVENTS), left);
      const fitting = rows.filter(({ bytes }) => bytes <= left);
      events.push(...fitting.map(fromEventRow));
      if (fitting.length < (rows[0]?.listed ?? 0)) return { events, cut: true };
      left -= Math.max(0, ...fitting.map(({ bytes }) => bytes));
    }
    return { events, cut: false };
  }

  /** Every row tells the bytes of itself and of those before it; the first one is there however many it has. */
  private piece(projectId: number, eventIds: readonly string[], maxBytes: number): Promise<SizedRow[]> {
    return this.database.query<SizedRow>(
      `SELECT ${eventColumns}, e.bytes, e.listed FROM (
         SELECT e.*, ${bytesUpTo('e.event_id')}, row_number() OVER (ORDER BY e.event_id) AS place,
           (count(*) OVER ())::int AS listed
         FROM unnest($2::uuid[]) AS w(event_id)
         CROSS JOIN LATERAL (
           SELECT occurred_at FROM event_ids WHERE project_id = $1 AND event_id = w.event_id LIMIT 1
         ) i
         CROSS JOIN LATERAL (
           SELECT * FROM events WHERE project_id = $1 AND occurred_at = i.occurred_at AND event_id = w.event_id LIMIT 1
         ) e
       ) e
       WHERE e.bytes <= $3 OR e.place = 1`,
      [projectId, uuidArray(eventIds, (eventId) => eventId), maxBytes],
    );
  }
}
