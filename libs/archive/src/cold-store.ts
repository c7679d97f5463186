import {
  ColdEvents,
  type ArchivedTimes,
  type ColdCount,
  type ColdUserDay,
  type CommittedSegment,
  type EventFilter,
  type EventPage,
  type EventPlace,
  type PageBounds,
  type StoredEvent,
  type TakeRows,
} from '@app/persistence';
import { quoted, timestamp, type Connecting } from './duckdb/engine';
import { countSegment, listUserDays } from './duckdb/segment-counts';
import {
  fromSegmentRow,
  fromTimesRow,
  segmentColumns,
  timesColumns,
  type SegmentRow,
  type TimesRow,
} from './duckdb/segment-row.mapping';
import { GroupBoundsReader } from './duckdb/group-bounds';
import { parquet } from './duckdb/sql';
import { endOf, ListWindows, type Window } from './list-windows';
import type { SegmentStorage } from './segment-storage.port';

/** Events that one statement asks for by their places, since DuckDB holds them all. */
const PIECE_EVENTS = 100;

/** After so long a page does not go on to a further stretch, which has up to four times as many rows: a page may take 5 seconds. */
const LOOK_MS = 500;

/** An event, and its row: files do not change. */
interface RowPlace extends EventPlace {
  readonly file: string;
  readonly row: number;
}

interface Found {
  readonly places: readonly RowPlace[];
  /** Undefined when nothing can follow. */
  readonly end: EventPlace | undefined;
}

/**
 * Reads segments with DuckDB. A list is looked through from its newest end, in stretches of time that grow, each of which
 * touches only the groups of rows that reach into it: a page of what is common reads two groups, and one of what is rare is
 * told by the bloom filters of all of them that there is nothing.
 */
export class ColdStore extends ColdEvents {
  constructor(
    private readonly storage: SegmentStorage,
    private readonly engine: Connecting,
    private readonly bounds = new GroupBoundsReader(storage),
    private readonly lookMs = LOOK_MS,
  ) {
    super();
  }

  override async newest(
    segments: readonly CommittedSegment[],
    projectId: number,
    bounds: PageBounds,
  ): Promise<EventPage> {
    const { places, end } = await this.find(segments, projectId, bounds);
    const rows = await this.rowsAt(places, bounds.maxBytes);
    const events = rows.map(fromSegmentRow);
    const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
    return { events, next: rows.length < places.length ? events.at(-1) : end, bytes };
  }

  override async several(
    segments: readonly CommittedSegment[],
    projectId: number,
    places: readonly EventPlace[],
    maxBytes: number,
  ): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    let left = maxBytes;
    for (let from = 0; from < places.length && left > 0; from += PIECE_EVENTS) {
      const rows = await this.at<SegmentRow>(segments, projectId, places.slice(from, from + PIECE_EVENTS), (found) => {
        const upTo = 'sum(bytes) OVER (ORDER BY id)';
        return `SELECT * FROM (SELECT ${segmentColumns} FROM ${found}) QUALIFY ${upTo} <= ${left}`;
      });
      events.push(...rows.map(fromSegmentRow));
      left = rows.reduce((bytes, row) => bytes - row.bytes, left);
    }
    return events;
  }

  override async times(
    segments: readonly CommittedSegment[],
    projectId: number,
    place: EventPlace,
  ): Promise<ArchivedTimes | undefined> {
    const select = (found: string): string => `SELECT ${timesColumns} FROM ${found}`;
    const [row] = await this.at<TimesRow>(segments, projectId, [place], select);
    return row && fromTimesRow(row);
  }

  override counts(segment: CommittedSegment, minutesFrom: Date, take: TakeRows<ColdCount>): Promise<void> {
    return this.readFile(segment, (path) => countSegment(this.engine, path, minutesFrom, take));
  }

  override userDays(segment: CommittedSegment, take: TakeRows<ColdUserDay>): Promise<void> {
    return this.readFile(segment, (path) => listUserDays(this.engine, path, take));
  }

  private readFile(segment: CommittedSegment, read: (path: string) => Promise<void>): Promise<void> {
    return this.storage.reading([segment.file], ([path = '']) => read(path));
  }

  /** @param select makes a statement of what comes after FROM: the rows at these places, and no others. */
  private async at<Row>(
    segments: readonly CommittedSegment[],
    projectId: number,
    places: readonly EventPlace[],
    select: (found: string) => string,
  ): Promise<Row[]> {
    const near = segments.filter((segment) => places.some((place) => mayHave(segment, projectId, place)));
    if (near.length === 0) return [];
    const ids = places.map(({ eventId }) => `${quoted(eventId)}::UUID`);
    return this.read<Row>(
      near.map(({ file }) => file),
      (paths) =>
        select(`${parquet(paths)} WHERE project_id = ${projectId}
         AND ${occurredAt(places)} AND event_id IN (${ids.join(', ')})`),
    );
  }

  /** The rows of a page, and where it ends if something may follow. Only then are they read: a text takes most of the time. */
  private async find(segments: readonly CommittedSegment[], projectId: number, bounds: PageBounds): Promise<Found> {
    const windows = new ListWindows(segments, projectId, bounds, (files) => this.bounds.of(files, this.engine));
    const endAt = performance.now() + this.lookMs;
    const places: RowPlace[] = [];
    for (let window = await windows.next(); window !== undefined; window = await windows.next()) {
      const left = bounds.limit - places.length;
      const found = await this.look(window, projectId, { ...bounds, limit: left + 1 });
      places.push(...found.slice(0, left));
      const isFull = found.length > left || (found.length === left && windows.more);
      if (isFull) return { places, end: places.at(-1) };
      if (windows.more && performance.now() > endAt) return { places, end: endOf(window) };
    }
    return { places, end: undefined };
  }

  /** Newest first. */
  private async look(window: Window, projectId: number, bounds: PageBounds): Promise<RowPlace[]> {
    const { conditions, texts } = conditionsOf(window, projectId, bounds);
    const rows = await this.read<{ file: string; row: number; ms: number; id: string }>(
      window.files,
      (paths) => `SELECT parse_filename(filename) AS file, file_row_number::DOUBLE AS "row",
          epoch_ms(occurred_at)::DOUBLE AS ms, event_id::VARCHAR AS id
        FROM ${parquet(paths)} WHERE ${conditions.join(' AND ')} ORDER BY ms DESC, event_id DESC LIMIT ${bounds.limit}`,
      texts,
    );
    return rows.map(({ ms, id, ...at }) => ({ ...at, occurredAt: new Date(ms), eventId: id }));
  }

  /** Newest first, as far as their bytes go; one in any case. DuckDB unpacks the whole group of a row. */
  private async rowsAt(places: readonly RowPlace[], maxBytes: number): Promise<SegmentRow[]> {
    if (places.length === 0) return [];
    const files = [...new Set(places.map(({ file }) => file))];
    const rowsOf = (file: string | undefined): string =>
      places
        .filter((place) => place.file === file)
        .map(({ row }) => row)
        .join(', ');
    return this.read<SegmentRow>(files, (paths) => {
      const each = paths.map(
        (path, n) => `SELECT * FROM ${parquet([path])} WHERE file_row_number IN (${rowsOf(files[n])})`,
      );
      return firstOf(`(${each.join(' UNION ALL ')})`, maxBytes);
    });
  }

  /** @param statement of the paths of these files, in their order. */
  private read<Row>(
    files: readonly string[],
    statement: (paths: readonly string[]) => string,
    texts: Readonly<Record<string, string>> = {},
  ): Promise<Row[]> {
    return this.storage.reading(files, (paths) =>
      this.engine.connected(async (connection) => {
        const read = await connection.runAndReadAll(statement(paths), { ...texts });
        return read.getRowObjectsJS() as unknown as Row[];
      }),
    );
  }
}

function firstOf(found: string, maxBytes: number): string {
  const order = 'ORDER BY occurred_us // 1000 DESC, id DESC';
  return `SELECT * FROM (SELECT ${segmentColumns} FROM ${found})
    QUALIFY sum(bytes) OVER (${order}) <= ${maxBytes} OR row_number() OVER (${order}) = 1 ${order}`;
}

/** In the millisecond of the one place; of several, at exactly one of their times, which leaves most groups of rows out. */
function occurredAt(places: readonly EventPlace[]): string {
  const times = [...new Set(places.map((place) => place.occurredAt.getTime()))].sort((a, b) => a - b);
  const [first = 0, last = first] = [times[0], times.at(-1)];
  const within = `occurred_at >= ${timestamp(first)} AND occurred_at < ${timestamp(last + 1)}`;
  return times.length === 1 ? within : `${within} AND occurred_at IN (${times.map(timestamp).join(', ')})`;
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
    const [at, behind] = [0, 1].map((ms) => timestamp(before.occurredAt.getTime() + ms));
    conditions.push(
      `(occurred_at < ${at} OR (occurred_at < ${behind} AND event_id < ${quoted(before.eventId)}::UUID))`,
    );
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
