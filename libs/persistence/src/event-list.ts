import { fromSegmentsColumn, segmentsOf, type CommittedSegment, type SegmentsColumn } from './committed-segments';
import type { Queryable } from './database';
import {
  equal,
  placeIn,
  Parameters,
  stretchOf,
  termsOf,
  type EventFilter,
  type EventPlace,
  type Term,
} from './event-filter';
import { eventColumns, fromEventRow, milliseconds, type StoredEvent, type StoredEventRow } from './event.mapping';

/** One page of a list. */
export interface PageBounds {
  /** Events at most, 1 to 200. */
  readonly limit: number;
  /** Bytes that the JSON of their `data` and `context` has at most; only the first event may have more alone. */
  readonly maxBytes: number;
  /** Only events behind this place; from the newest on without it. */
  readonly before?: EventPlace | undefined;
  readonly filter?: EventFilter | undefined;
  /** Aborted when nobody waits for the page any more; it is then not read to the end. */
  readonly signal?: AbortSignal | undefined;
}

export interface EventPage {
  readonly events: readonly StoredEvent[];
  /** The place behind which the next page begins; undefined when nothing can follow. */
  readonly next: EventPlace | undefined;
  /** Of the JSON of their `data` and `context`. */
  readonly bytes: number;
}

/** A page of the hot tier. */
export interface HotPage extends EventPage {
  /** Of the instant of the page, those that may have events of its stretch: down to its end, when it has one. */
  readonly segments: readonly CommittedSegment[];
}

interface PageRow extends Omit<StoredEventRow, 'event_id'> {
  /** Null in the one row of a page without events. */
  readonly event_id: string | null;
  readonly listed: number;
  readonly bytes: number;
  readonly segments: SegmentsColumn;
}

/** Where the look of one page ends: rows of one term, down to a place, or to the end without one. */
interface Look {
  readonly term: Term;
  readonly until: EventPlace | undefined;
}

const NEWEST_FIRST = 'e.occurred_at DESC, e.event_id DESC';

/**
 * Where several terms have to agree, no index has their rows: a page looks at so many rows of one of them and ends there,
 * full or not, in milliseconds.
 */
const LOOK_ROWS = 2000;

/**
 * The bytes of the JSON of `e` and of those before it in that order. PostgreSQL measures: its text of a number like
 * 1e308 has 309 bytes, so that what was sent says little.
 */
export function bytesUpTo(order: string): string {
  return `sum(octet_length(e.data::text) + coalesce(octet_length(e.context::text), 0))
    OVER (ORDER BY ${order})::float8 AS bytes`;
}

/**
 * One page of a project's list, newest first, by (`occurredAt`, `eventId`). It is full, unless its bytes or the rows to
 * look at would be too many, or old events take too long: then it ends early, perhaps without an event, and `next` goes on from there.
 */
export async function newestEvents(database: Queryable, projectId: number, bounds: PageBounds): Promise<HotPage> {
  const terms = termsOf(bounds.filter ?? {});
  const look = terms.size > 1 ? await furthestLook(database, projectId, bounds) : undefined;
  const parameters = new Parameters();
  const rows = await database.query<PageRow>(pageStatement(parameters, projectId, bounds, look), parameters.values);
  const found = rows.filter((row): row is PageRow & StoredEventRow => row.event_id !== null);
  const events = found.map(fromEventRow);
  const cut = found.length < (found[0]?.listed ?? 0);
  return {
    events,
    next: cut ? events.at(-1) : look?.until,
    bytes: found.at(-1)?.bytes ?? 0,
    segments: fromSegmentsColumn(rows[0]?.segments),
  };
}

function pageStatement(parameters: Parameters, projectId: number, bounds: PageBounds, look: Look | undefined): string {
  const limit = parameters.add(bounds.limit);
  return `
    WITH e AS (
      SELECT * FROM (
        SELECT e.*, ${bytesUpTo(NEWEST_FIRST)}, row_number() OVER (ORDER BY ${NEWEST_FIRST}) AS place,
          (count(*) OVER ())::int AS listed
        FROM (
          SELECT * FROM ${matching(parameters, projectId, bounds, look)}
          ORDER BY ${NEWEST_FIRST} LIMIT ${unseen(`${limit}::int + 1`)}
        ) e
      ) e
      WHERE e.place <= ${limit} AND (e.bytes <= ${parameters.add(bounds.maxBytes)} OR e.place = 1)
    )
    SELECT ${eventColumns}, e.listed, e.bytes,
      CASE WHEN coalesce(e.place, 1) = 1 THEN ${segmentsOfPage(parameters, projectId, bounds, look)} END AS segments
    FROM (SELECT) page LEFT JOIN e ON true
    ORDER BY e.place`;
}

/** Those that may have an event of the stretch, and none that lies behind the end of the page `e`. */
function segmentsOfPage(
  parameters: Parameters,
  projectId: number,
  { filter: { from, to } = {}, before }: PageBounds,
  look: Look | undefined,
): string {
  const conditions = [
    'coalesce(s.max_occurred_at >= (SELECT min(occurred_at) FROM e HAVING count(*) < max(listed)), true)',
  ];
  const time = (at: Date): string => `${parameters.add(at.toISOString())}::timestamptz`;
  if (from !== undefined) conditions.push(`s.max_occurred_at >= ${time(from)}`);
  if (look?.until !== undefined) conditions.push(`s.max_occurred_at >= ${time(look.until.occurredAt)}`);
  if (to !== undefined) conditions.push(`s.min_occurred_at < ${time(to)}`);
  if (before !== undefined) conditions.push(`s.min_occurred_at <= ${time(before.occurredAt)}`);
  return segmentsOf(parameters.add(projectId), conditions);
}

/** What comes after FROM: the rows of the list, as `e`. */
function matching(parameters: Parameters, projectId: number, bounds: PageBounds, look: Look | undefined): string {
  const { filter = {}, before } = bounds;
  const have = (terms: readonly (readonly [Term, string])[]): string[] =>
    terms.map(([term, value]) => equal(parameters, projectId, term, value));
  const stretch = stretchOf(parameters, projectId, filter, before);
  const terms = [...termsOf(filter)];
  if (look === undefined) return `events e WHERE ${[stretch, ...have(terms)].join(' AND ')}`;
  const looked = [stretch, ...have(terms.filter(([term]) => term === look.term))];
  if (look.until !== undefined) looked.push(`(e.occurred_at, e.event_id) >= (${placeIn(parameters, look.until)})`);
  const others = have(terms.filter(([term]) => term !== look.term));
  // OFFSET 0 keeps the other terms out: with them the planner, which takes them for independent, may walk another index.
  return `(SELECT * FROM events e WHERE ${looked.join(' AND ')} ORDER BY ${NEWEST_FIRST} OFFSET 0) e
    WHERE ${others.join(' AND ')}`;
}

/**
 * Of the terms, the one whose next rows reach back furthest, which are the fewest to look through. Found by looking and
 * not left to the planner: of today's partition, and of a value that has come up since, its statistics know nothing.
 */
async function furthestLook(database: Queryable, projectId: number, bounds: PageBounds): Promise<Look | undefined> {
  const { filter = {}, before } = bounds;
  const terms = termsOf(filter);
  const parameters = new Parameters();
  const stretch = stretchOf(parameters, projectId, filter, before);
  const ends = [...terms].map(
    ([term, value]) => `
      SELECT '${term}' AS term, ${milliseconds('occurred_at')}, e.event_id FROM (
        SELECT e.occurred_at, e.event_id FROM events e WHERE ${stretch} AND ${equal(parameters, projectId, term, value)}
        ORDER BY ${NEWEST_FIRST} OFFSET ${unseen(String(LOOK_ROWS - 1))} LIMIT 1
      ) e`,
  );
  const rows = await database.query<{ readonly term: Term; readonly occurred_at: number; readonly event_id: string }>(
    ends.join(' UNION ALL '),
    parameters.values,
  );
  const places = new Map(
    rows.map(({ term, occurred_at, event_id }) => [term, { occurredAt: new Date(occurred_at), eventId: event_id }]),
  );
  const looks = [...terms.keys()].map((term) => ({ term, until: places.get(term) }));
  return looks.reduce((furthest, look) => (endsBefore(look, furthest) ? look : furthest));
}

/** Whether `a` reaches further back than `b`. */
function endsBefore({ until: a }: Look, { until: b }: Look): boolean {
  if (a === undefined || b === undefined) return b !== undefined;
  const ms = a.occurredAt.getTime() - b.occurredAt.getTime();
  return ms < 0 || (ms === 0 && a.eventId < b.eventId);
}

/**
 * A number that the planner cannot see, for LIMIT and OFFSET: it then counts on a tenth of the rows, and walks an index
 * in the order of the list. Where it believes that a value has fewer rows than the page, it would fetch all of them and
 * sort, which is half a million where it is wrong.
 */
function unseen(number: string): string {
  return `(SELECT ${number})`;
}
