import { freshDatabase, type FreshDatabase } from '@app/testing';
import { Client } from 'pg';
import type { Queryable } from './database';
import type { EventFilter, EventPlace } from './event-filter';
import type { PageBounds } from './event-list';
import { EventPartitions } from './event-partitions';
import { EventReader } from './event-reader';

jest.setTimeout(240_000);

/** Rows that the statistics know; a tenth more comes later. */
const ROWS = 1_000_000;
const LIMIT = 200;
/** A page of one term: its rows, and five blocks down each index of 17 partitions. */
const PAGE_BUFFERS = 700;
/** Of several terms: 2000 rows of each to find the one to look through, and 2000 to look at. */
const LOOK_BUFFERS = 9000;

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
  await new EventPartitions(db.database).ensure(new Date());
  await withoutIndexes(() => fill(0, ROWS, "'common'"));
  await unlimited('ANALYZE events');
  // Of these the statistics know nothing: a value that came up today, as often as any.
  await fill(ROWS, ROWS / 10, "'new'");
});
afterAll(() => db.drop());

/** On a connection of its own, whose statements may take as long as they need. */
async function unlimited(...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: db.url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

/** A table is filled in a third of the time without its indexes. */
async function withoutIndexes(work: () => Promise<void>): Promise<void> {
  const indexes = await db.database.query<{ name: string; definition: string }>(
    `SELECT indexname AS name, replace(indexdef, 'ON ONLY', 'ON') AS definition FROM pg_indexes
     WHERE tablename = 'events' AND indexname <> 'events_pkey'`,
  );
  expect(indexes.length).toBeGreaterThan(0);
  for (const { name } of indexes) await db.database.query(`DROP INDEX ${name}`);
  await work();
  await unlimited(...indexes.map(({ definition }) => definition));
}

/**
 * Of each term: every second row `often`; one in 10,000 medium; one rare; the rest of 1000 values. Spread over two weeks, of
 * which a half has partitions of its own, and interleaved, so that no term tells another.
 */
async function fill(first: number, rows: number, often: string): Promise<void> {
  const value = (n: string): string =>
    `CASE WHEN ${n} % 2 = 0 THEN ${often} WHEN ${n} % 10000 = 1 THEN 'medium' WHEN ${n} = 500001 THEN 'rare'
     ELSE 'value-' || ${n} % 1000 END`;
  await unlimited(`
    INSERT INTO events (project_id, event_id, occurred_at, received_at, name, source, user_id, data)
    SELECT 1, gen_random_uuid(), now() - interval '14 days' * (${first + rows} - n) / ${rows}, now(),
      ${value('n')}, ${value('(n / 2)')}, ${value('(n / 3)')}, '{"page": "/products/1"}'
    FROM generate_series(${first}, ${first + rows - 1}) AS n`);
}

interface Explained {
  readonly 'QUERY PLAN': readonly { readonly Plan: Readonly<Record<string, unknown>> }[];
}

/** Blocks of 8 KiB that one page touches, over all its statements. */
async function read(bounds: Partial<PageBounds>): Promise<{ buffers: number; events: number; next?: EventPlace }> {
  let buffers = 0;
  const explained: Queryable = {
    query: async (sql, parameters) => {
      const [row] = await db.database.query<Explained>(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${sql}`, parameters);
      const plan = row!['QUERY PLAN'][0]!.Plan;
      buffers += Number(plan['Shared Hit Blocks']) + Number(plan['Shared Read Blocks']);
      return db.database.query(sql, parameters);
    },
  };
  const { events, next } = await new EventReader(explained).newest(1, { limit: LIMIT, maxBytes: 1 << 20, ...bounds });
  return { buffers, events: events.length, ...(next === undefined ? {} : { next }) };
}

const day = (back: number): Date => new Date(Date.now() - back * 86_400_000);
const values = ['common', 'new', 'medium', 'rare', 'value-7', 'absent'];
const terms = ['name', 'source', 'userId'] as const;
const ranges: readonly (readonly [string, EventFilter])[] = [
  ['ever', {}],
  ['of three days', { from: day(6), to: day(3) }],
  ['of old', { to: day(10) }],
  ['of an hour', { from: day(2), to: new Date(day(2).getTime() + 3_600_000) }],
];

describe.each(ranges)('events %s', (_about, range) => {
  it('are a page of few blocks, from the start and from the middle', async () => {
    const first = await read({ filter: range });
    expect(first).toMatchObject({ events: LIMIT });
    expect(first.buffers).toBeLessThan(PAGE_BUFFERS);
    const before = { occurredAt: day(5), eventId: '80000000-0000-0000-0000-000000000000' };
    expect((await read({ filter: range, before })).buffers).toBeLessThan(PAGE_BUFFERS);
  });

  it.each(terms)('of one %s are a page of few blocks, however common or rare', async (term) => {
    for (const value of values) {
      const { buffers, next } = await read({ filter: { ...range, [term]: value } });
      expect([value, buffers < PAGE_BUFFERS ? 'few' : buffers]).toEqual([value, 'few']);
      if (next === undefined) continue;
      const second = await read({ filter: { ...range, [term]: value }, before: next });
      expect([value, second.buffers < PAGE_BUFFERS ? 'few' : second.buffers]).toEqual([value, 'few']);
    }
  });

  it('on which several terms have to agree are a page of a bounded number of blocks', async () => {
    const some = ['common', 'new', 'rare'];
    for (const name of some)
      for (const source of [...some, undefined])
        for (const userId of source === undefined ? some : [...some, undefined]) {
          const { buffers } = await read({ filter: { ...range, name, source, userId } });
          const about = [name, source, userId];
          expect([about, buffers < LOOK_BUFFERS ? 'bounded' : buffers]).toEqual([about, 'bounded']);
        }
  });
});
