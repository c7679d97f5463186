import { toStorableEvent } from '@app/events';
import { anEvent, freshDatabase, type FreshDatabase } from '@app/testing';
import { migrations } from '../../../../migrations';
import { Statistics1795392000000 } from '../../../../migrations/1795392000000-statistics';
import { EventStore } from '../event-store';
import { migrateDown, migrateUp } from '../schema';
import { recountRollups } from './recount';

const DAY_MS = 86_400_000;
const TABLES = [
  ...['minute_totals', 'minute_metrics', 'day_metrics', 'month_metrics', 'day_names'],
  ...['users', 'user_days', 'day_users', 'retention_counts'],
];

let db: FreshDatabase;
beforeEach(async () => {
  db = await freshDatabase();
});
afterEach(async () => {
  await db.drop();
});

/** Every row of every rollup, as text; decimals without the zeros at their end. */
async function allRows(): Promise<string[]> {
  const tables = TABLES.map((table) => {
    const amounts = table.endsWith('metrics') || table.endsWith('totals');
    const row = amounts ? `to_jsonb(t) || jsonb_build_object('total_amount', trim_scale(total_amount))` : 'to_jsonb(t)';
    return `SELECT '${table} ' || (${row})::text AS item FROM ${table} t`;
  });
  const rows = await db.database.query<{ item: string }>(`${tables.join(' UNION ALL ')} ORDER BY 1`);
  return rows.map(({ item }) => item);
}

/** Takes the rollups back, and makes them anew from the events. */
async function backFill(): Promise<void> {
  await migrateDown(db.database, migrations.length - migrations.indexOf(Statistics1795392000000));
  expect(await db.database.query(`SELECT to_regclass('users') AS users`)).toEqual([{ users: null }]);
  await migrateUp(db.database);
}

describe('the migration', () => {
  it('counts what is stored already as storing it would have', async () => {
    // The migration counts the minutes of the hot window only, storing also those of the day before it, which nobody reads.
    const days = [0, 1, 7, 9, 30, 364, 365, 366, 730];
    const events = Array.from({ length: 400 }, (_, index) =>
      anEvent({
        projectId: 1 + (index % 2),
        name: `name-${index % 7}`,
        userId: index % 11 === 0 ? undefined : `user-${index % 13}`,
        occurredAt: new Date(Date.now() - days[index % days.length]! * DAY_MS - (index % 5) * 1000),
        amount: index % 3 === 0 ? undefined : index / 8,
      }),
    );
    const outcomes = events.map((event, offset) => {
      return { partition: 0, offset, kind: 'persist' as const, event: toStorableEvent(event) };
    });
    await new EventStore(db.database).insert({ group: 'g', topic: 't', outcomes, logEnds: new Map() });
    const written = await allRows();
    expect(new Set(written.map((item) => item.split(' ')[0]))).toEqual(new Set(TABLES));
    await backFill();
    expect(await allRows()).toEqual(written);
  });

  it('gives a thousand names of a day a row of their own', async () => {
    await db.database.query(
      `INSERT INTO events (project_id, occurred_at, received_at, event_id, name, amount, data)
       SELECT 1, time, time, gen_random_uuid(), 'n' || n, 0.5, '{}'
       FROM generate_series(1, 1005) AS n, unnest(ARRAY[now(), now() - interval '1 year']) AS time`,
    );
    await backFill();
    expect(await db.database.query('SELECT DISTINCT names FROM day_names')).toEqual([{ names: 1000 }]);
    const others = `SELECT event_count::int4 AS count, total_amount::float8 AS amount FROM day_metrics WHERE name = ''`;
    expect(await db.database.query(others)).toEqual([
      { count: 5, amount: 2.5 },
      { count: 5, amount: 2.5 },
    ]);
    const tables = await recountRollups(db.database, { atMost: 5 });
    expect(tables.filter(({ differing }) => differing > 0)).toEqual([]);
  });

  it('makes a consumer wait that would store events without counting them', async () => {
    const older = `INSERT INTO consumer_positions (group_name, topic, partition, first_offset, next_offset)
      VALUES ('g', 't', 0, 0, 0) ON CONFLICT DO NOTHING`;
    await expect(db.database.query(older)).rejects.toMatchObject({ retriable: true, sqlState: '42703' });
  });
});

it('a recount names the rows that do not agree with the events, table by table', async () => {
  const event = anEvent({ name: 'a', userId: 'u', occurredAt: new Date(0), amount: 1.5 });
  const outcomes = [{ partition: 0, offset: 0, kind: 'persist' as const, event: toStorableEvent(event) }];
  await new EventStore(db.database).insert({ group: 'g', topic: 't', outcomes, logEnds: new Map() });
  await db.database.query('UPDATE day_metrics SET event_count = 2');
  await db.database.query('DELETE FROM users');
  await db.database.query(`INSERT INTO retention_counts VALUES (3, 2, 1, '1970-01-01', 30)`);
  const tables = await recountRollups(db.database, { atMost: 5 });
  expect(tables.filter(({ differing }) => differing > 0)).toEqual([
    {
      table: 'day_metrics',
      differing: 1,
      differences: [
        {
          key: { project_id: 1, day: '1970-01-01', name: 'a' },
          expected: { event_count: 1, total_amount: 1.5 },
          found: { event_count: 2, total_amount: 1.5 },
        },
      ],
    },
    {
      table: 'users',
      differing: 1,
      differences: [{ key: { project_id: 1, user_id: 'u' }, expected: { first_day: '1970-01-01' }, found: null }],
    },
    {
      table: 'retention_counts',
      differing: 1,
      differences: [
        {
          key: { project_id: 1, start_day: '1970-01-01', days_later: 30 },
          expected: null,
          found: { active_users: 3, new_users: 2 },
        },
      ],
    },
  ]);
  const counted = await recountRollups(db.database, { atMost: 0 });
  expect(
    counted.filter(({ differing }) => differing > 0).map(({ table, differences }) => [table, differences]),
  ).toEqual([
    ['day_metrics', []],
    ['users', []],
    ['retention_counts', []],
  ]);
});
