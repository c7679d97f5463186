import { freshDatabase, type FreshDatabase } from '@app/testing';
import { Database, type Queryable } from '@app/persistence';
import { Statistics } from './statistics';
import { dayOf, shiftDay } from './utc-day';

jest.setTimeout(240_000);

const CENTURY = 36_600;
/** 10 names every day for a century. */
const OLD = 1;
/** 1000 names every day for a year, with users who come again. */
const BUSY = 2;
const NOW = new Date('2026-05-15T12:34:56.789Z');
const TODAY = dayOf(NOW);

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
  const patient = new Database({ ...db.config, queryTimeoutMs: 200_000 });
  await fill(patient);
  await patient.close();
});
afterAll(() => db.drop());

/** In the order in which the rows come when events do: what one question wants lies scattered. */
async function fill(database: Database): Promise<void> {
  const run = (sql: string): Promise<void> =>
    database.transaction(async (tx) => {
      await tx.query('SET LOCAL transaction_timeout = 0');
      await tx.query(sql);
    });
  const daily = (projectId: number, names: number, days: number): string => `
    INSERT INTO day_metrics (project_id, day, name, event_count, total_amount)
    SELECT ${projectId}, date '${TODAY}' - back, 'name-' || n, n + back % 7, 1.5
    FROM generate_series(${days - 1}, 0, -1) AS back, generate_series(1, ${names}) AS n`;
  await run(daily(OLD, 10, CENTURY));
  await run(daily(BUSY, 1000, 366));
  await run(`
    INSERT INTO month_metrics (project_id, month, name, event_count, total_amount)
    SELECT project_id, date_trunc('month', day::timestamp)::date, name, sum(event_count), sum(total_amount)
    FROM day_metrics GROUP BY 1, 2, 3`);
  await run(`
    INSERT INTO day_users (project_id, day, users, new_users)
    SELECT ${OLD}, date '${TODAY}' - back, 100000, 10 FROM generate_series(${CENTURY - 1}, 0, -1) AS back`);
  await run(`
    INSERT INTO retention_counts (project_id, start_day, days_later, active_users, new_users)
    SELECT ${OLD}, date '${TODAY}' - back - later, later, 10000, 5
    FROM generate_series(799, 0, -1) AS back, generate_series(1, 365) AS later`);
  await run(`
    INSERT INTO minute_metrics (project_id, minute, name, event_count, total_amount)
    SELECT ${OLD}, date_trunc('minute', timestamptz '${NOW.toISOString()}') - interval '1 minute' * back, 'name-' || n, 5, 7.25
    FROM generate_series(10079, 0, -1) AS back, generate_series(1, 20) AS n`);
  await run(`
    INSERT INTO minute_metrics (project_id, minute, name, event_count, total_amount)
    SELECT ${BUSY}, date_trunc('minute', timestamptz '${NOW.toISOString()}') - interval '1 minute' * back, 'name-' || n, 5, 7.25
    FROM generate_series(199, 0, -1) AS back, generate_series(1, 1000) AS n`);
  await run(`
    INSERT INTO minute_totals (project_id, minute, event_count, total_amount)
    SELECT p, date_trunc('minute', timestamptz '${NOW.toISOString()}') - interval '1 minute' * back, 5, 7.25
    FROM generate_series(10079, 0, -1) AS back, generate_series(1, 10) AS p`);
  for (const table of [
    'day_metrics',
    'month_metrics',
    'day_users',
    'retention_counts',
    'minute_metrics',
    'minute_totals',
  ])
    await run(`ANALYZE ${table}`);
}

interface Explained {
  readonly 'QUERY PLAN': readonly { readonly Plan: Readonly<Record<string, unknown>> }[];
}

/** Blocks of 8 KiB that a question touches, over all its statements. */
async function buffersOf(question: (statistics: Statistics) => Promise<unknown>): Promise<number> {
  let buffers = 0;
  const explained: Queryable = {
    query: async (sql, parameters) => {
      const [row] = await db.database.query<Explained>(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${sql}`, parameters);
      const plan = row!['QUERY PLAN'][0]!.Plan;
      buffers += Number(plan['Shared Hit Blocks']) + Number(plan['Shared Read Blocks']);
      return db.database.query(sql, parameters);
    },
  };
  const answer = await question(new Statistics(explained));
  expect(JSON.stringify(answer)).toMatch(/[1-9]/); // it found something to count
  return buffers;
}

it('is asked over more than a million rows', async () => {
  const [sum] = await db.database.query<{ rows: number }>(
    `SELECT sum(reltuples)::float8 AS rows FROM pg_class
     WHERE relname IN ('day_metrics', 'month_metrics', 'day_users', 'retention_counts', 'minute_metrics', 'minute_totals')`,
  );
  expect(sum?.rows).toBeGreaterThan(1_000_000);
});

const days = (count: number): { from: string; to: string } => ({ from: shiftDay(TODAY, 1 - count), to: TODAY });

it.each<[string, number, (statistics: Statistics) => Promise<unknown>]>([
  ['the users of 30 days', 12, (s) => s.dau(OLD, days(30))],
  ['the users of a century', 1200, (s) => s.dau(OLD, days(CENTURY))],
  ['the top events of 30 days, 10 names a day', 400, (s) => s.topEvents(OLD, { ...days(30), limit: 10 })],
  ['the top events of 30 days, 1000 names a day', 9000, (s) => s.topEvents(BUSY, { ...days(30), limit: 10 })],
  ['the top events of a year, 1000 names a day', 5000, (s) => s.topEvents(BUSY, { ...days(366), limit: 1000 })],
  ['the top events of a century', 1000, (s) => s.topEvents(OLD, { ...days(CENTURY), limit: 1000 })],
  [
    'the retention of a week',
    30,
    (s) => s.retention(OLD, { startDay: shiftDay(TODAY, -30), windows: 7, cohort: 'active' }),
  ],
  [
    'the retention of a year',
    800,
    (s) => s.retention(OLD, { startDay: shiftDay(TODAY, -400), windows: 366, cohort: 'new' }),
  ],
  ['60 minutes', 30, (s) => s.perMinute(OLD, { now: NOW, minutes: 60 })],
  ['a week of minutes', 500, (s) => s.perMinute(OLD, { now: NOW, minutes: 10_080 })],
  ['60 minutes of a name', 60, (s) => s.perMinute(OLD, { now: NOW, minutes: 60, name: 'name-7' })],
  ['60 minutes of one of 1000 names', 600, (s) => s.perMinute(BUSY, { now: NOW, minutes: 60, name: 'name-7' })],
  ['a week of minutes of a name', 3000, (s) => s.perMinute(OLD, { now: NOW, minutes: 10_080, name: 'name-7' })],
])('reads no more than it answers with: %s', async (_what, most, question) => {
  const buffers = await buffersOf(question);
  expect(buffers).toBeLessThanOrEqual(most);
});
