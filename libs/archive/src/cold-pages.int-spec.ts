import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommittedSegment, EventFilter, EventPlace } from '@app/persistence';
import { ColdStore } from './cold-store';
import { Engine } from './duckdb/engine';
import { GroupBoundsReader } from './duckdb/group-bounds';
import { writeParquet } from './duckdb/segment-file';
import { LocalSegmentStorage } from './local/local-segment-storage';

const BEGIN = Date.parse('2026-01-01T00:00:00Z');
const SECOND_MS = 1000;
const FILES = 4;
const ROWS = 40_000;
/** From the beginning of one file to that of the next, which half of it lies in. */
const FILE_SECONDS = 3000;

/** What a filter sees of a row. */
interface Row {
  readonly id: string;
  readonly us: number;
  readonly name: string;
  readonly source: string | null;
  readonly user: string | null;
}

let folder: string;
let engine: Engine;
let storage: LocalSegmentStorage;
let segments: readonly CommittedSegment[];
/** Of project 1, newest first. */
let rows: readonly Row[];

/** Some 400 events at the same time, every minute, some with microseconds; labels that most events have, few, one and none. */
function made(file: number): string {
  return `
    SELECT CASE WHEN n % 10 = 0 THEN 2 ELSE 1 END::INTEGER AS project_id,
      make_timestamp(${BEGIN * 1000} + (${file * FILE_SECONDS} + n * 7919 % 101 * 60)::BIGINT * 1000000 + if(n % 17 = 0, n % 3, 0)) AS occurred_at,
      md5('${file} ' || n)::UUID AS event_id, occurred_at AS received_at, occurred_at AS stored_at,
      (n / 100)::DECIMAL(38,9) AS amount,
      CASE WHEN n % 2 = 0 THEN 'often' WHEN n % 13001 = 0 THEN 'seldom' WHEN n = 777 AND ${file} = 1 THEN 'once'
        ELSE 'name-' || n % 300 END AS name,
      CASE WHEN n % 3 > 0 THEN 'source-' || n % 3 END AS source,
      CASE WHEN n % 5 > 0 THEN 'user-' || (n * 31 + ${file}) % 9001 END AS user_id,
      '{"n": ' || n || '}' AS data, NULL::VARCHAR AS context, TIMESTAMP '2026-02-01' AS archived_at
    FROM range(${ROWS}) t(n) ORDER BY project_id, occurred_at, event_id`;
}

async function query<T>(sql: string): Promise<T[]> {
  return engine.connected(
    async (connection) => (await connection.runAndReadAll(sql)).getRowObjectsJS() as unknown as T[],
  );
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-pages-'));
  engine = new Engine({ memoryMb: 400, threads: 1, tempFolder: folder });
  storage = new LocalSegmentStorage(folder);
  const files = Array.from({ length: FILES }, (_, file) => `file-${file}.parquet`);
  for (const [file, name] of files.entries()) await writeParquet(engine, made(file), join(folder, name));
  segments = files.map((file, n) => {
    const from = BEGIN + n * FILE_SECONDS * SECOND_MS;
    const times = { minOccurredAt: new Date(from), maxOccurredAt: new Date(from + 6000 * SECOND_MS) };
    return { id: String(n), file, rows: ROWS, minProjectId: 1, maxProjectId: 2, ...times };
  });
  rows = await query<Row>(`
    SELECT event_id::VARCHAR AS id, epoch_us(occurred_at)::DOUBLE AS us, name, source, user_id AS "user"
    FROM read_parquet('${folder}/*.parquet') WHERE project_id = 1
    ORDER BY epoch_ms(occurred_at) DESC, event_id DESC`);
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

function matching({ name, source, userId, from, to }: EventFilter): string[] {
  const found = rows.filter(
    (row) =>
      (name === undefined || row.name === name) &&
      (source === undefined || row.source === source) &&
      (userId === undefined || row.user === userId) &&
      (from === undefined || row.us >= from.getTime() * 1000) &&
      (to === undefined || row.us < to.getTime() * 1000),
  );
  return found.map(({ id }) => id);
}

/** Page after page to the end. */
async function walk(store: ColdStore, filter: EventFilter, limit: number): Promise<{ ids: string[]; pages: number }> {
  const ids: string[] = [];
  let before: EventPlace | undefined;
  let pages = 0;
  do {
    const page = await store.newest(segments, 1, { limit, maxBytes: 1e9, before, filter });
    expect(page.events.length).toBeLessThanOrEqual(limit);
    ids.push(...page.events.map(({ eventId }) => eventId));
    [before, pages] = [page.next, pages + 1];
    expect(pages).toBeLessThan(500);
  } while (before !== undefined);
  return { ids, pages };
}

const at = (second: number): Date => new Date(BEGIN + second * SECOND_MS);

const filters: [string, EventFilter, number][] = [
  ['a name of few events', { name: 'seldom' }, 5],
  ['a name of few events on one page', { name: 'seldom' }, 200],
  ['a name of one event', { name: 'once' }, 20],
  ['a name of none', { name: 'never' }, 20],
  ['a name of every 300th', { name: 'name-7' }, 150],
  ['a user', { userId: 'user-31' }, 3],
  ['a user whom nobody knows', { userId: 'user-9001' }, 20],
  ['a user and a name', { userId: 'user-62', name: 'often' }, 2],
  ['a name and a source that seldom agree', { name: 'seldom', source: 'source-1' }, 1],
  ['a name and a source that never agree', { name: 'name-3', source: 'source-1' }, 20],
  ['a name of few events for a while', { name: 'seldom', from: at(2000), to: at(9000) }, 2],
  ['a second', { from: at(3480), to: at(3481), source: 'source-1' }, 60],
];

describe.each(filters)('pages of %s', (_, filter, limit) => {
  it('are what a filter over all rows gives, whether they end early or not', async () => {
    const wanted = matching(filter);
    expect((await walk(new ColdStore(storage, engine), filter, limit)).ids).toEqual(wanted);
    const hasty = new ColdStore(storage, engine, new GroupBoundsReader(storage), -1);
    expect((await walk(hasty, filter, limit)).ids).toEqual(wanted);
  });
});

it('a page that has no time left to look further ends with a cursor to go on from', async () => {
  const hasty = new ColdStore(storage, engine, new GroupBoundsReader(storage), -1);
  const page = await hasty.newest(segments, 1, { limit: 20, maxBytes: 1e9, filter: { name: 'never' } });
  expect(page.events).toEqual([]);
  expect(page.next!.occurredAt.getTime()).toBeGreaterThan(at(0).getTime());
  expect((await walk(hasty, { name: 'never' }, 20)).pages).toBeGreaterThan(2);
  expect((await walk(new ColdStore(storage, engine), { name: 'never' }, 20)).pages).toBe(1);
});

it('finds an event whose time has microseconds by its id', async () => {
  const store = new ColdStore(storage, engine);
  const odd = rows.find(({ us }) => us % 1000 !== 0);
  const place = { eventId: odd!.id, occurredAt: new Date(odd!.us / 1000) };
  expect(await store.several(segments, 1, [place], 1e9)).toMatchObject([{ eventId: odd!.id }]);
  expect(await store.times(segments, 1, place)).toBeDefined();
});
