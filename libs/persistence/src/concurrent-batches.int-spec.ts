import { toStorableEvent, type Event } from '@app/events';
import { anEvent, freshDatabase, type FreshDatabase } from '@app/testing';
import { ConsumerPositions } from './consumer-positions';
import { Database } from './database';
import { EventStore } from './event-store';
import type { InsertResult } from './insert-batch';
import { recountRollups } from './rollups/recount';
import { Rollups } from './rollups/rollups';

const REPLICAS = 4;
const BATCHES_EACH = 25;
const BATCH_SIZE = 200;
const IDS = 1500;
const USERS = 40;
const NAMES_PER_DAY = 20;
const DAY_MS = 86_400_000;

let db: FreshDatabase;
let replicas: Database[];
beforeEach(async () => {
  db = await freshDatabase();
  replicas = Array.from({ length: REPLICAS }, () => new Database(db.config));
});
afterEach(async () => {
  await Promise.all(replicas.map((replica) => replica.close()));
  await db.drop();
});

function pick(events: readonly Event[]): Event[] {
  return Array.from({ length: BATCH_SIZE }, () => events[Math.floor(Math.random() * events.length)]!);
}

function upTo(limit: number): number {
  return Math.floor(Math.random() * limit);
}

/** All replicas meet on the same users, days and names; some names find no room for a row of their own. */
function anyEvent(): Event {
  return anEvent({
    projectId: 1 + upTo(2),
    userId: `user-${upTo(USERS)}`,
    name: `name-${upTo(NAMES_PER_DAY * 2)}`,
    occurredAt: new Date(Date.now() - upTo(20) * DAY_MS),
    amount: upTo(1000) / 100,
  });
}

async function expectRollupsToAgree(): Promise<void> {
  const tables = await recountRollups(db.database, { atMost: 5, namesPerDay: NAMES_PER_DAY });
  expect(tables.filter(({ differing }) => differing > 0)).toEqual([]);
}

async function deadlocks(): Promise<number> {
  const [server] = await db.database.query<{ deadlocks: number }>(
    'SELECT deadlocks::int4 FROM pg_stat_database WHERE datname = current_database()',
  );
  return server!.deadlocks;
}

/** A replica stores batches of random events of the pool, in random order, from a partition of its own. */
async function runReplica(partition: number, database: Database, pool: readonly Event[]): Promise<InsertResult[]> {
  const store = new EventStore(database, new Rollups(NAMES_PER_DAY));
  const results: InsertResult[] = [];
  for (let batch = 0; batch < BATCHES_EACH; batch += 1) {
    const outcomes = pick(pool).map((event, index) => {
      return { partition, offset: batch * BATCH_SIZE + index, kind: 'persist' as const, event: toStorableEvent(event) };
    });
    results.push(await store.insert({ group: 'g', topic: 't', outcomes, logEnds: new Map() }));
  }
  return results;
}

it('store each id once and count every repeat, without a deadlock, when replicas meet on the same ids, users and names', async () => {
  const pool = Array.from({ length: IDS }, () => anyEvent());
  const results = (
    await Promise.all(replicas.map((replica, partition) => runReplica(partition, replica, pool)))
  ).flat();

  const read = REPLICAS * BATCHES_EACH * BATCH_SIZE;
  const stored = results.reduce((sum, result) => sum + result.stored, 0);
  const duplicates = results.reduce((sum, result) => sum + result.duplicates, 0);
  expect(stored + duplicates).toBe(read);

  const [rows] = await db.database.query<Record<string, number>>(
    `SELECT (SELECT count(*)::int4 FROM events) AS events, (SELECT count(DISTINCT event_id)::int4 FROM events) AS ids,
       (SELECT count(*)::int4 FROM event_ids) AS ledger, (SELECT sum(duplicates)::int4 FROM event_ids) AS duplicates`,
  );
  expect(rows).toEqual({ events: stored, ids: stored, ledger: stored, duplicates });

  for (const position of await new ConsumerPositions(db.database).list()) {
    const { stored, duplicate, dead, erased, firstOffset, nextOffset } = position;
    expect(stored + duplicate + dead + erased).toBe(nextOffset - firstOffset);
  }
  await expectRollupsToAgree();
  expect(await deadlocks()).toBe(0);
});

it('change the same rollups without a deadlock, and none of them loses what another one has added', async () => {
  // Nothing else that they could wait for in an order: no users, no new names, not the running minute.
  const occurredAt = new Date(Date.now() - 20 * DAY_MS);
  const names = Array.from({ length: 300 }, (_, index) => `name-${index}`);
  const stores = replicas.map((replica) => new EventStore(replica));
  const insertAll = (store: EventStore, partition: number, round: number): Promise<InsertResult> => {
    const outcomes = names.map((name, index) => {
      const event = toStorableEvent(anEvent({ name, occurredAt, userId: undefined }));
      return { partition, offset: round * names.length + index, kind: 'persist' as const, event };
    });
    return store.insert({ group: 'g', topic: 't', outcomes, logEnds: new Map() });
  };
  for (const [partition, store] of stores.entries()) await insertAll(store, partition, 0);
  for (let round = 1; round <= 15; round += 1) {
    await Promise.all(stores.map((store, partition) => insertAll(store, partition, round)));
  }
  const tables = await recountRollups(db.database, { atMost: 5 });
  expect(tables.filter(({ differing }) => differing > 0)).toEqual([]);
  expect(await deadlocks()).toBe(0);
});

it('make the positions of the same partitions without a deadlock, in whatever order they name them', async () => {
  const partitions = Array.from({ length: 12 }, (_, partition) => partition);
  const stores = replicas.map((replica) => new EventStore(replica));
  for (let round = 0; round < 20; round += 1) {
    const batches = stores.map((store, shift) => {
      const named = [...partitions.slice(shift * 3), ...partitions.slice(0, shift * 3)];
      const outcomes = named.map((partition) => ({
        partition,
        offset: 0,
        kind: 'persist' as const,
        event: toStorableEvent(anEvent()),
      }));
      return store.insert({ group: 'g', topic: `t${round}`, outcomes, logEnds: new Map() });
    });
    const stored = (await Promise.all(batches)).map((result) => result.stored);
    expect(stored.sort((a, b) => a - b)).toEqual([0, 0, 0, 12]);
  }
  expect(await new ConsumerPositions(db.database).list()).toHaveLength(20 * 12);
});
