import {
  ColdEvents,
  type CommittedSegment,
  type EventFilter,
  type EventPage,
  type EventPlace,
  type PageBounds,
  type StoredEvent,
} from '@app/persistence';
import { quoted, type Engine } from './duckdb/engine';
import { fromSegmentRow, segmentColumns, type SegmentRow } from './duckdb/segment-row.mapping';
import { GroupBoundsReader, type GroupBounds } from './duckdb/group-bounds';
import type { SegmentStorage } from './segment-storage.port';

/** Rows that the first look of a page takes in, and how much more each further look. */
const FIRST_LOOK_ROWS = 60_000;
const LOOK_GROWTH = 4;

/** A stretch of time, and the files that have events in it. Milliseconds since 1970; the end is not in it. */
interface Window {
  readonly paths: readonly string[];
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

type SizedRow = SegmentRow & { readonly listed: number };

/**
 * Reads segments with DuckDB. A list is looked through from its newest end, in stretches of time that grow, each of which
 * touches only the groups of rows that reach into it: a page of what is common reads two groups, and one of what is rare is
 * told by the bloom filters of all of them that there is nothing.
 */
export class ColdStore extends ColdEvents {
  private readonly bounds: GroupBoundsReader;

  constructor(
    private readonly storage: SegmentStorage,
    private readonly engine: Engine,
  ) {
    super();
    this.bounds = new GroupBoundsReader(engine);
  }

  override async newest(
    segments: readonly CommittedSegment[],
    projectId: number,
    bounds: PageBounds,
  ): Promise<EventPage> {
    const windows = windowsOf(await this.groupsOf(segments, projectId), bounds);
    const events: StoredEvent[] = [];
    let bytes = 0;
    for (const [index, window] of windows.entries()) {
      const left = { limit: bounds.limit - events.length, maxBytes: bounds.maxBytes - bytes };
      const rows = await this.look(window, projectId, { ...bounds, ...left });
      const [first] = rows;
      if (first === undefined) continue;
      if (first.bytes > left.maxBytes && events.length > 0) return { events, next: events.at(-1), bytes };
      events.push(...rows.map(fromSegmentRow));
      bytes = rows.reduce((sum, row) => sum + row.bytes, bytes);
      const more = events.length === bounds.limit && index < windows.length - 1;
      if (rows.length < first.listed || more) return { events, next: events.at(-1), bytes };
    }
    return { events, next: undefined, bytes };
  }

  override async several(
    segments: readonly CommittedSegment[],
    projectId: number,
    places: readonly EventPlace[],
  ): Promise<StoredEvent[]> {
    const near = segments.filter((segment) => places.some((place) => mayHave(segment, projectId, place)));
    if (near.length === 0) return [];
    const times = places.map(({ occurredAt }) => timestamp(occurredAt.getTime()));
    const sorted = [...times].sort();
    const paths = await this.pathsOf(near);
    const rows = await this.read(
      `SELECT ${segmentColumns} FROM ${parquet(paths)} WHERE project_id = ${projectId}
         AND occurred_at BETWEEN ${sorted[0] ?? ''} AND ${sorted.at(-1) ?? ''} AND occurred_at IN (${times.join(', ')})
         AND event_id IN (${places.map(({ eventId }) => `${quoted(eventId)}::UUID`).join(', ')})`,
      {},
    );
    return rows.map(fromSegmentRow);
  }

  private async groupsOf(segments: readonly CommittedSegment[], projectId: number): Promise<GroupBounds[]> {
    const groups = await this.bounds.of(await this.pathsOf(segments));
    return groups.filter(({ minProjectId, maxProjectId }) => minProjectId <= projectId && projectId <= maxProjectId);
  }

  private pathsOf(segments: readonly CommittedSegment[]): Promise<string[]> {
    return Promise.all(segments.map(({ file }) => this.storage.localPath(file)));
  }

  /** The rows that fit, and the first one in any case. */
  private look(window: Window, projectId: number, bounds: PageBounds): Promise<SizedRow[]> {
    const { conditions, texts } = conditionsOf(window, projectId, bounds);
    return this.read<SizedRow>(
      `SELECT * EXCLUDE (place, sum_bytes) FROM (
         SELECT *, count(*) OVER ()::INTEGER AS listed, row_number() OVER w AS place, sum(bytes) OVER w AS sum_bytes
         FROM (
           SELECT ${segmentColumns}, occurred_at AS ordered_at, event_id AS ordered_id FROM ${parquet(window.paths)}
           WHERE ${conditions.join(' AND ')} ORDER BY occurred_at DESC, event_id DESC LIMIT ${bounds.limit + 1}
         ) WINDOW w AS (ORDER BY ordered_at DESC, ordered_id DESC)
       ) WHERE place <= ${bounds.limit} AND (sum_bytes <= ${bounds.maxBytes} OR place = 1) ORDER BY place`,
      texts,
    );
  }

  private read<Row = SegmentRow>(sql: string, texts: Readonly<Record<string, string>>): Promise<Row[]> {
    return this.engine.connected(async (connection) => {
      const read = await connection.runAndReadAll(sql, { ...texts });
      return read.getRowObjectsJS() as unknown as Row[];
    });
  }
}

/** The stretches in which to look, newest first, each behind the one before it. */
function windowsOf(groups: readonly GroupBounds[], { filter: { from, to } = {}, before }: PageBounds): Window[] {
  // The place itself is in a millisecond that the page may still have events of.
  const end = Math.min(to?.getTime() ?? Infinity, before === undefined ? Infinity : before.occurredAt.getTime() + 1);
  const begin = from?.getTime() ?? -Infinity;
  const left = groups.filter(({ minMs, maxMs }) => minMs < end && maxMs >= begin).sort((a, b) => b.maxMs - a.maxMs);
  const windows: Window[] = [];
  let rows = 0;
  let toMs = end;
  let wanted = FIRST_LOOK_ROWS;
  for (const [index, group] of left.entries()) {
    rows += group.rows;
    const following = left[index + 1];
    const fromMs = Math.max(begin, following === undefined ? -Infinity : following.maxMs + 1);
    // Groups that reach as far back as the next one belong to the same stretch.
    if (following !== undefined && (rows < wanted || fromMs >= toMs)) continue;
    const inside = left.filter(({ minMs, maxMs }) => minMs < toMs && maxMs >= fromMs);
    windows.push({ paths: [...new Set(inside.map(({ path }) => path))], fromMs: finite(fromMs), toMs: finite(toMs) });
    [rows, toMs, wanted] = [0, fromMs, wanted * LOOK_GROWTH];
  }
  return windows;
}

function finite(ms: number): number | undefined {
  return Number.isFinite(ms) ? ms : undefined;
}

interface Conditions {
  readonly conditions: readonly string[];
  /** Parameters by their names. */
  readonly texts: Readonly<Record<string, string>>;
}

function conditionsOf(window: Window, projectId: number, { filter = {}, before }: PageBounds): Conditions {
  const conditions = [`project_id = ${projectId}`];
  if (window.fromMs !== undefined) conditions.push(`occurred_at >= ${timestamp(window.fromMs)}`);
  if (window.toMs !== undefined) conditions.push(`occurred_at < ${timestamp(window.toMs)}`);
  if (before !== undefined) {
    const at = timestamp(before.occurredAt.getTime());
    conditions.push(`(occurred_at < ${at} OR (occurred_at = ${at} AND event_id < ${quoted(before.eventId)}::UUID))`);
  }
  const texts: Record<string, string> = {};
  for (const [column, value] of termsIn(filter)) {
    texts[column] = value;
    conditions.push(`${column} = $${column}`);
  }
  return { conditions, texts };
}

function termsIn({ name, source, userId }: EventFilter): [string, string][] {
  const terms: [string, string | undefined][] = [
    ['name', name],
    ['source', source],
    ['user_id', userId],
  ];
  return terms.filter((term): term is [string, string] => term[1] !== undefined);
}

function mayHave(segment: CommittedSegment, projectId: number, { occurredAt }: EventPlace): boolean {
  const { minProjectId, maxProjectId, minOccurredAt, maxOccurredAt } = segment;
  return (
    minProjectId <= projectId && projectId <= maxProjectId && minOccurredAt <= occurredAt && occurredAt <= maxOccurredAt
  );
}

function timestamp(ms: number): string {
  return `TIMESTAMP '${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')}'`;
}

function parquet(paths: readonly string[]): string {
  return `read_parquet([${paths.map(quoted).join(', ')}])`;
}
