import { toStorableEvent, type Event } from '@app/events';
import { anEvent, eventually, freshDatabase, runSql, type FreshDatabase } from '@app/testing';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { Database } from '../database';
import { EventStore } from '../event-store';
import type { InsertBatch } from '../insert-batch';
import { recountRollups } from './recount';
import { Rollups } from './rollups';

const NAMES_PER_DAY = 3;
const DAY_MS = 86_400_000;

let db: FreshDatabase;
let other: Database;
beforeEach(async () => {
  db = await freshDatabase();
  other = new Database(db.config);
});
afterEach(async () => {
  await other.close();
  await db.drop();
});

function storeOn(database: Database): EventStore {
  return new EventStore(database, new Rollups(NAMES_PER_DAY));
}

function batchOf(events: readonly Event[], at: { topic: string; partition: number; offset: number }): InsertBatch {
  const { topic, partition, offset } = at;
  const outcomes = events.map((event, index) => ({
    ...{ partition, offset: offset + index, kind: 'persist' as const },
    event: toStorableEvent(event),
  }));
  return { group: 'g', topic, outcomes, logEnds: new Map() };
}

async function expectAgreement(): Promise<void> {
  const tables = await recountRollups(db.database, { atMost: 5, namesPerDay: NAMES_PER_DAY });
  expect(tables.filter(({ differing }) => differing > 0)).toEqual([]);
}

async function rowsOf(table: string): Promise<Record<string, unknown>[]> {
  const columns = `to_jsonb(t) - 'project_id' AS row`;
  const rows = await db.database.query<{ row: Record<string, unknown> }>(
    `SELECT ${columns} FROM ${table} t ORDER BY to_jsonb(t)`,
  );
  return rows.map(({ row }) => row);
}

/** Ends of months and years, a leap day, both sides of the hot window, more and less than 365 days apart, 2000 years. */
const time = fc.oneof(
  fc.integer({ min: -9, max: 1 }).map((days) => Date.now() + days * DAY_MS),
  fc.constantFrom(-364, -365, -366, -730, -731).map((days) => Date.now() + days * DAY_MS),
  fc
    .constantFrom('2024-12-31T23:59:59.999Z', '2025-01-01T00:00:00Z', '2024-02-29T12:00:00Z', '1969-12-31T23:59:00Z')
    .map((text) => Date.parse(text)),
  fc.constantFrom('0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z').map((text) => Date.parse(text)),
);

const event: fc.Arbitrary<Event> = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e', '\ue000', '\u{1f600}'),
    userId: fc.constantFrom(undefined, 'u1', 'u2', 'u3', '\ue000', '\u{1f600}', 'u,4'),
    occurredAt: time.map((ms) => new Date(ms)),
    amount: fc.constantFrom(undefined, 0.1, -0.2, 1e-9, 123_456.789, 999_999_999_999_999_900, 2_251_799.813685249),
  })
  .map((part) => anEvent({ ...part, eventId: randomUUID() }));

/** What one consumer is given: batches of events of a pool that it shares with the other one. */
const delivery = (pool: number): fc.Arbitrary<number[][]> =>
  fc.array(fc.array(fc.nat(pool - 1), { minLength: 1, maxLength: 12 }), { maxLength: 6 });

const POOL = 25;

it('agree with a plain recount of the rows, whatever arrives late, twice, again or at two consumers at once', async () => {
  const pool = fc.array(event, { minLength: POOL, maxLength: POOL });
  await fc.assert(
    fc.asyncProperty(pool, delivery(POOL), delivery(POOL), fc.integer({ min: 1, max: 3 }), async (...given) => {
      const [drawn, left, right, projects] = given;
      const events = drawn.map((event, index) => ({ ...event, projectId: 1 + (index % projects) }));
      const topic = randomUUID();
      const consume = async (store: EventStore, partition: number, batches: readonly number[][]): Promise<void> => {
        let offset = 0;
        for (const picks of batches) {
          const batch = batchOf(picks.map((pick) => events[pick]!), { topic, partition, offset }); // prettier-ignore
          await store.insert(batch);
          if (picks.length % 3 === 0) await store.insert(batch); // redelivered
          offset += picks.length;
        }
      };
      await Promise.all([consume(storeOn(db.database), 0, left), consume(storeOn(other), 1, right)]);
      await expectAgreement();
    }),
    // What a run has left in the tables is there in the next one: a smaller case would prove nothing.
    { numRuns: 30, endOnFailure: true },
  );
}, 150_000);

describe('the numbers', () => {
  const at = { topic: 't', partition: 0, offset: 0 };

  it('are what the events say', async () => {
    const today = new Date();
    const day = today.toISOString().slice(0, 10);
    const minute = `${today.toISOString().slice(0, 16)}:00+00:00`;
    await storeOn(db.database).insert(
      batchOf(
        [
          anEvent({ name: 'a', userId: 'u1', occurredAt: today, amount: 0.1 }),
          anEvent({ name: 'a', userId: 'u1', occurredAt: today, amount: 0.2 }),
          anEvent({ name: 'b', userId: 'u2', occurredAt: today }),
          anEvent({ name: 'b', userId: 'u1', occurredAt: new Date(today.getTime() - 30 * DAY_MS) }),
        ],
        at,
      ),
    );
    const before = new Date(today.getTime() - 30 * DAY_MS).toISOString().slice(0, 10);
    expect(await rowsOf('minute_totals')).toEqual([{ minute, event_count: 3, total_amount: 0.3 }]);
    expect(await rowsOf('minute_metrics')).toEqual([
      { minute, name: 'a', event_count: 2, total_amount: 0.3 },
      { minute, name: 'b', event_count: 1, total_amount: 0 },
    ]);
    expect(await rowsOf('user_days')).toEqual([
      { user_id: 'u1', day: before },
      { user_id: 'u1', day },
      { user_id: 'u2', day },
    ]);
    expect(await rowsOf('retention_counts')).toEqual([
      { start_day: before, days_later: 30, active_users: 1, new_users: 1 },
    ]);
    await expectAgreement();
  });

  it('count names beyond the limit of a day together, for the whole of the day and in every process', async () => {
    const [one, two] = [storeOn(db.database), storeOn(other)];
    const named = (...names: string[]): Event[] => names.map((name) => anEvent({ name, occurredAt: new Date(0) }));
    await one.insert(batchOf(named('c', 'b'), at));
    await two.insert(batchOf(named('e', 'd', 'b'), { ...at, partition: 1 }));
    await one.insert(batchOf(named('e', 'd', 'a'), { ...at, offset: 2 }));
    await two.insert(batchOf(named('a', 'c', 'e'), { ...at, partition: 1, offset: 3 }));
    const counts = (await rowsOf('day_metrics')).map(({ name, event_count }) => [name, event_count]);
    expect(new Map(counts as [string, number][])).toEqual(
      new Map([
        ['', 5],
        ['b', 2],
        ['c', 2],
        ['d', 2],
      ]),
    );
    expect(await rowsOf('day_names')).toEqual([{ day: '1970-01-01', names: 3 }]);
    await expectAgreement();
  });
});

it('of many full days at once count each name where it belongs, again and again', async () => {
  const days = Array.from({ length: 8 }, (_, day) => new Date(day * DAY_MS));
  const onEveryDay = (...names: string[]): Event[] =>
    days.flatMap((occurredAt) => names.map((name) => anEvent({ name, occurredAt })));
  const at = { topic: 't', partition: 0, offset: 0 };
  await storeOn(db.database).insert(batchOf(onEveryDay('a', 'b', 'c', 'd'), at));
  const store = storeOn(db.database);
  await store.insert(batchOf(onEveryDay('a', 'e'), { ...at, offset: 100 }));
  await store.insert(batchOf(onEveryDay('a', 'b', 'e'), { ...at, offset: 200 }));
  expect(await rowsOf('day_metrics')).toHaveLength(days.length * (NAMES_PER_DAY + 1));
  await expectAgreement();
});

describe('what a process remembers', () => {
  const at = { topic: 't', partition: 0, offset: 0 };
  const batch = batchOf([anEvent({ name: 'a', userId: 'u1' })], at);

  /** Fails every COMMIT that has stored an event, with this SQLSTATE. */
  async function failCommits(sqlState: string): Promise<void> {
    await db.database.query(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql
      AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '${sqlState}'; END $$`);
    await db.database.query(`CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON event_ids
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()`);
  }

  async function letCommit(): Promise<void> {
    await db.database.query('DROP TRIGGER fail ON event_ids');
    await db.database.query('DROP FUNCTION fail');
  }

  it('does not come from a transaction that was rolled back', async () => {
    const store = storeOn(db.database);
    await failCommits('23514');
    await expect(store.insert(batch)).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    await letCommit();
    await store.insert(batch);
    expect(await rowsOf('user_days')).toHaveLength(1);
    expect(await rowsOf('day_names')).toHaveLength(1);
    await expectAgreement();
  });

  it('is dropped when another database answers, which may not have the last commits', async () => {
    const name = new URL(db.url).pathname.slice(1);
    const server = new URL('/postgres', db.url).href;
    const alone = async (statement: string): Promise<void> => {
      await runSql(server, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`, [name]);
      await runSql(server, statement);
    };
    await eventually(() => alone(`CREATE DATABASE ${name}_older TEMPLATE ${name}`));
    const store = storeOn(db.database);
    await store.insert(batch);
    await eventually(() => alone(`ALTER DATABASE ${name} RENAME TO ${name}_gone`));
    await runSql(server, `ALTER DATABASE ${name}_older RENAME TO ${name}`);
    await store.insert(batch);
    expect(await rowsOf('user_days')).toHaveLength(1);
    await expectAgreement();
    await runSql(server, `DROP DATABASE ${name}_gone`);
  });

  it('saves the questions about users and names that are there', async () => {
    const store = storeOn(db.database);
    await store.insert(batch);
    const [before] = await db.database.query('SELECT * FROM day_names');
    await db.database.query('DELETE FROM user_days');
    await store.insert(batchOf([anEvent({ name: 'a', userId: 'u1' })], { ...at, offset: 1 }));
    expect(await rowsOf('user_days')).toEqual([]);
    expect(await db.database.query('SELECT * FROM day_names')).toEqual([before]);
  });
});

it('count the oldest minutes of the hot window also where the clock is past midnight already', async () => {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const occurredAt = new Date(today - 7 * DAY_MS);
  const placed = { event: toStorableEvent(anEvent({ occurredAt })), partition: 0, offset: 0 };
  const tomorrow = new Date(today + DAY_MS + 1);
  await db.database.transaction((tx) => new Rollups().write(tx, [placed], tomorrow));
  const [row] = await db.database.query('SELECT event_count::int4 AS count, minute FROM minute_totals');
  expect(row).toEqual({ count: 1, minute: occurredAt });
});
