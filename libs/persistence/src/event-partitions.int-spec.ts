import { toStorableEvent } from '@app/events';
import { anEvent, freshDatabase, runSql, type FreshDatabase } from '@app/testing';
import { Client } from 'pg';
import { Database } from './database';
import { EventPartitions } from './event-partitions';
import { EventReader } from './event-reader';
import { EventStore } from './event-store';

const NOON = new Date('2026-11-21T12:00:00Z');

let db: FreshDatabase;
let partitions: EventPartitions;
beforeEach(async () => {
  db = await freshDatabase();
  partitions = new EventPartitions(db.database);
});
afterEach(async () => {
  await db.drop();
});

async function store(partition: number, ...times: string[]): Promise<void> {
  const outcomes = times.map((time, offset) => {
    return {
      partition,
      offset,
      kind: 'persist' as const,
      event: toStorableEvent(anEvent({ occurredAt: new Date(time) })),
    };
  });
  await new EventStore(db.database).insert({ group: 'g', topic: 't', outcomes, logEnds: new Map() });
}

async function placeOf(time: string): Promise<string | undefined> {
  const sql = 'SELECT tableoid::regclass::text AS name FROM events WHERE occurred_at = $1';
  return (await db.database.query<{ name: string }>(sql, [time]))[0]?.name;
}

it('has a partition for each day from 8 before to 7 after, and makes each once', async () => {
  const { created, inDefault, deferred } = await partitions.ensure(NOON);
  expect([created.length, created[0], created.at(-1)]).toEqual([16, '2026-11-13', '2026-11-28']);
  expect([inDefault, deferred]).toEqual([[], []]);
  expect(await partitions.ensure(NOON)).toEqual({ created: [], inDefault: [], deferred: [] });
  const tomorrow = new Date('2026-11-22T00:00:00Z');
  expect(await partitions.ensure(tomorrow)).toEqual({ created: ['2026-11-29'], inDefault: [], deferred: [] });
});

it('puts each event in the partition of its UTC day, and what is outside of all in the default one', async () => {
  await partitions.ensure(NOON);
  const times = ['2026-11-20T23:59:59.999Z', '2026-11-21T00:00:00.000Z', '2026-11-12T23:59:59.999Z'];
  await store(0, ...times);
  expect(await Promise.all(times.map(placeOf))).toEqual(['events_20261120', 'events_20261121', 'events_default']);
});

it('gives a partition the key of the whole table', async () => {
  await partitions.ensure(NOON);
  const sql = `SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint
    WHERE conrelid = 'events_20261121'::regclass AND contype = 'p' AND conparentid <> 0`;
  expect(await db.database.query(sql)).toEqual([{ definition: 'PRIMARY KEY (project_id, occurred_at, event_id)' }]);
});

it('leaves a day to the default partition that has events of it, says so, and makes the other days', async () => {
  await store(0, '2026-11-20T10:00:00Z');
  const { created, inDefault } = await partitions.ensure(NOON);
  expect([created.length, inDefault]).toEqual([15, ['2026-11-20']]);
  await store(1, '2026-11-20T11:00:00Z');
  expect(await placeOf('2026-11-20T11:00:00Z')).toBe('events_default');
  expect((await new EventReader(db.database).newest(1, { limit: 10, maxBytes: 1 << 20 })).events).toHaveLength(2);
});

it('makes each partition once when several processes ask at the same time', async () => {
  const others = [new Database(db.config), new Database(db.config), new Database(db.config)];
  const results = await Promise.all(others.map((other) => new EventPartitions(other).ensure(NOON)));
  expect(results.flatMap(({ created }) => created).sort()).toHaveLength(16);
  expect(results.flatMap(({ inDefault, deferred }) => [...inDefault, ...deferred])).toEqual([]);
  await Promise.all(others.map((other) => other.close()));
});

it('waits for no one who writes old events, and catches up later', async () => {
  const writer = new Client({ connectionString: db.url });
  await writer.connect();
  await writer.query('BEGIN');
  await writer.query('LOCK TABLE events_default IN ROW EXCLUSIVE MODE');
  const { created, deferred } = await partitions.ensure(NOON);
  expect([created.length, deferred.length]).toEqual([0, 16]);
  await writer.query('COMMIT');
  await writer.end();
  expect((await partitions.ensure(NOON)).created).toHaveLength(16);
});

it('lets inserts of other days pass while it works', async () => {
  await partitions.ensure(NOON);
  const writer = new Client({ connectionString: db.url });
  await writer.connect();
  await writer.query('BEGIN');
  await writer.query(`INSERT INTO events (project_id, event_id, name, occurred_at, received_at, data)
    VALUES (1, gen_random_uuid(), 'n', '2026-11-21T01:00:00Z', now(), '{}')`);
  const { created } = await partitions.ensure(new Date('2026-11-22T00:00:00Z'));
  expect(created).toEqual(['2026-11-29']);
  await writer.query('COMMIT');
  await writer.end();
  expect(await runSql(db.url, 'SELECT name FROM events')).toEqual([{ name: 'n' }]);
});
