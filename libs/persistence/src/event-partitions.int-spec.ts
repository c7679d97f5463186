import { toStorableEvent } from '@app/events';
import { anEvent, eventually, freshDatabase, inTransaction, runSql, type FreshDatabase } from '@app/testing';
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

describe('dropping what is empty', () => {
  const BOUNDARY = new Date('2026-11-21T00:00:00Z');
  const later = new Date('2026-11-30T12:00:00Z');

  async function attached(): Promise<string[]> {
    const rows = await db.database.query<{ name: string }>(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'events'::regclass ORDER BY 1`,
    );
    return rows.map(({ name }) => name);
  }

  it('drops days before the boundary that have no events, and never one of the days that are made', async () => {
    await partitions.ensure(NOON);
    await store(0, '2026-11-15T10:00:00Z', '2026-11-10T10:00:00Z');
    const { dropped, deferred } = await partitions.dropEmpty(later, BOUNDARY);
    const days = ['13', '14', '16', '17', '18', '19', '20'].map((day) => `2026-11-${day}`);
    expect([[...dropped].sort(), deferred]).toEqual([days, []]);
    expect(await attached()).toEqual([
      ...['events_20261115', 'events_20261121', 'events_20261122', 'events_20261123', 'events_20261124'],
      ...['events_20261125', 'events_20261126', 'events_20261127', 'events_20261128', 'events_default'],
    ]);
    expect(await partitions.dropEmpty(NOON, new Date('2027-01-01T00:00:00Z'))).toEqual({ dropped: [], deferred: [] });
    await store(1, '2026-11-18T10:00:00Z');
    expect(await placeOf('2026-11-18T10:00:00Z')).toBe('events_default');
  });

  it('holds nobody up who uses the events, and tries again later', async () => {
    await partitions.ensure(NOON);
    await inTransaction(db.url, async (query) => {
      await query('SELECT count(*) FROM events');
      const { dropped, deferred } = await partitions.dropEmpty(later, BOUNDARY);
      expect([dropped.length, deferred.length]).toEqual([0, 8]);
      await store(0, '2026-11-29T10:00:00Z');
    });
    expect((await partitions.dropEmpty(later, BOUNDARY)).dropped).toHaveLength(8);
  });

  it('keeps an event that came between the look and the lock', async () => {
    await partitions.ensure(NOON);
    await inTransaction(db.url, async (query) => {
      await query(`INSERT INTO events (project_id, event_id, name, occurred_at, received_at, data)
        VALUES (1, gen_random_uuid(), 'late', '2026-11-13T10:00:00Z', now(), '{}')`);
      const patient = new EventPartitions(db.database, 5000);
      const dropping = patient.dropEmpty(later, new Date('2026-11-14T00:00:00Z'));
      await eventually(async () => {
        expect(
          await db.database.query(`SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted
            AND relation = 'events'::regclass`),
        ).toHaveLength(1);
      });
      await query('COMMIT');
      await dropping;
    });
    expect(await placeOf('2026-11-13T10:00:00Z')).toBe('events_20261113');
  });
});
