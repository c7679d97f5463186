import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { toStorableEvent, type Event } from '@app/events';
import { anEvent, eventually, freshDatabase, inTransaction, type FreshDatabase } from '@app/testing';
import { Database } from '../database';
import { EventStore } from '../event-store';
import { recountRollups } from '../rollups/recount';
import { Rollups } from '../rollups/rollups';
import { Eraser } from './eraser';
import { Erasures } from './erasures';

const NAMES_PER_DAY = 3;
const DAY_MS = 86_400_000;
const USERS = ['u1', 'u2', 'u3', 'u4'];

let db: FreshDatabase;
let erasures: Erasures;
let others: Database[];
beforeEach(async () => {
  db = await freshDatabase();
  erasures = new Erasures(db.database, 0);
  others = Array.from({ length: 4 }, () => new Database(db.config));
});
afterEach(async () => {
  await Promise.all(others.map((other) => other.close()));
  await db.drop();
});

/** One consumer of a partition of its own. */
function consumer(database: Database, partition: number): (events: readonly Event[]) => Promise<unknown> {
  const store = new EventStore(database, new Rollups(NAMES_PER_DAY));
  let offset = 0;
  return (events) => {
    const outcomes = events.map((event) => ({
      ...{ partition, offset: offset++, kind: 'persist' as const },
      event: toStorableEvent(event),
    }));
    return store.insert({ group: 'g', topic: 't', outcomes, logEnds: new Map() });
  };
}

async function finish(eraser: Eraser): Promise<void> {
  for (let kind = ''; kind !== 'rest';) kind = (await eraser.step()).kind;
}

async function expectAgreement(): Promise<void> {
  const tables = await recountRollups(db.database, { atMost: 5, namesPerDay: NAMES_PER_DAY });
  expect(tables.filter(({ differing }) => differing > 0)).toEqual([]);
}

it('a batch that does not know of an erasure yet is waited for, and its events are removed too', async () => {
  const id = await inTransaction(db.url, async (query) => {
    await query('LOCK TABLE event_ids IN SHARE MODE');
    const storing = consumer(others[0]!, 0)([anEvent({ userId: 'u1' })]);
    storing.catch(() => undefined);
    // It is past its question for erasures.
    await eventually(async () => {
      const waiting = `SELECT FROM pg_locks WHERE relation = 'event_ids'::regclass AND NOT granted`;
      expect(await query(waiting)).toHaveLength(1);
    });
    const id = await erasures.request(1, 'u1');
    const erased = finish(new Eraser(others[1]!, 0));
    await delay(300); // longer than an eraser takes that waits for nobody
    expect(await erasures.find(1, id)).toMatchObject({ status: 'queued' });
    await query('COMMIT');
    await Promise.all([storing, erased]);
    return id;
  });
  expect(await erasures.find(1, id)).toMatchObject({ status: 'done', removed: { hot: 1 } });
  expect(await db.database.query('SELECT FROM events')).toEqual([]);
  await expectAgreement();
});

it('a user who is removed while a batch waits for their row is made anew', async () => {
  await consumer(others[0]!, 0)([anEvent({ userId: 'u1' })]);
  await erasures.request(1, 'u1');
  const eraser = new Eraser(others[1]!, 0);
  await eraser.step();
  await inTransaction(db.url, async (query) => {
    await query('SELECT FROM user_days FOR UPDATE');
    const waiting = (transactions: number): Promise<void> =>
      eventually(async () => {
        const found = `SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'`;
        expect(await query(found)).toHaveLength(transactions);
      });
    const erased = finish(eraser);
    await waiting(1); // in front of the day, and has the user
    const storing = consumer(others[2]!, 1)([anEvent({ userId: 'u1', receivedAt: new Date(Date.now() + 60_000) })]);
    await waiting(2); // in front of the user, whom it has found
    await query('COMMIT');
    await Promise.all([erased, storing]);
  });
  await expectAgreement();
  expect(await db.database.query('SELECT user_id FROM user_days')).toEqual([{ user_id: 'u1' }]);
});

/** What still arrives from before now, what is new, on few days and under more names than have room. */
function someEvents(rare: () => number): Event[] {
  return Array.from({ length: 1 + Math.floor(rare() * 20) }, () => {
    const pick = <T>(all: readonly T[]): T => all[Math.floor(rare() * all.length)]!;
    return anEvent({
      eventId: randomUUID(),
      name: pick(['a', 'b', 'c', 'd', 'e']),
      userId: pick(USERS),
      amount: pick([undefined, 0.1, -7]),
      occurredAt: new Date(Date.now() - pick([0, 1, 2, 30, 400]) * DAY_MS),
      receivedAt: new Date(Date.now() - pick([-1000, 0, 0, 5000])),
    });
  });
}

it('leave nothing of the user and the numbers right, whoever stores and erases at the same time', async () => {
  const until = Date.now() + 6000;
  const requests = new Map<string, number>();
  const store = async (database: Database, partition: number): Promise<void> => {
    const insert = consumer(database, partition);
    while (Date.now() < until) await insert(someEvents(Math.random));
  };
  const ask = async (): Promise<void> => {
    while (Date.now() < until) {
      const user = USERS[requests.size % 3]!; // never the last one
      const id = await erasures.request(1, user);
      const [row] = await db.database.query<{ before: number }>(
        'SELECT (extract(epoch FROM before) * 1000)::float8 AS before FROM erasures WHERE id = $1',
        [id],
      );
      requests.set(user, row!.before);
      await delay(Math.random() * 150);
      await expectAgreement();
    }
  };
  const work = async (database: Database): Promise<void> => {
    const eraser = new Eraser(database, 0);
    while (Date.now() < until) if ((await eraser.step()).kind === 'rest') await delay(10);
    await finish(eraser);
  };
  await Promise.all([store(others[0]!, 0), store(others[1]!, 1), work(others[2]!), work(others[3]!), ask()]);
  await finish(new Eraser(db.database, 0));

  for (const [user, before] of requests) {
    const left = `SELECT FROM events WHERE user_id = $1 AND received_at < $2`;
    expect(await db.database.query(left, [user, new Date(before)])).toEqual([]);
  }
  expect(requests.size).toBe(3);
  await expectAgreement();
  expect(await db.database.query(`SELECT FROM erasures WHERE status <> 'done'`)).toEqual([]);
}, 60_000);
