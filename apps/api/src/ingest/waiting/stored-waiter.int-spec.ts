import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { PinoLogger } from 'nestjs-pino';
import { toStorableEvent, type Event } from '@app/events';
import { Database, EventStore, WaitedOutcomes, type Queryable } from '@app/persistence';
import { anEvent, eventually, freshDatabase, type FreshDatabase } from '@app/testing';
import { StoredWaiter, WAITER_LIMITS, type WaiterLimits } from './stored-waiter';
import type { WaitFor } from './waiting-request';

let db: FreshDatabase;
let offset = 0;
let questions = 0;
const counting: Queryable = {
  query: (sql, parameters) => {
    questions += 1;
    return db.database.query(sql, parameters);
  },
};
const logger = new PinoLogger({ pinoHttp: { level: 'silent' } });

/** A client that waits to the end. */
function patient(): AbortSignal {
  return new AbortController().signal;
}

beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());
beforeEach(() => {
  questions = 0;
});

function waiterWith(limits: Partial<WaiterLimits> = {}, database: Queryable = counting): StoredWaiter {
  return new StoredWaiter(new WaitedOutcomes(database), logger, { ...WAITER_LIMITS, timeoutMs: 20_000, ...limits });
}

function waitFor(...events: Event[]): WaitFor {
  return { projectId: 1, ingestId: randomUUID(), eventIds: new Set(events.map(({ eventId }) => eventId)) };
}

async function store(ingestId: string | undefined, ...events: Event[]): Promise<void> {
  const outcomes = events.map((event) => ({
    partition: 0,
    offset: offset++,
    kind: 'persist' as const,
    event: toStorableEvent(event),
    ingestId,
  }));
  await new EventStore(db.database).insert({ group: 'g', topic: 't', outcomes, logEnds: new Map([[0, offset]]) });
}

it('resolves once every event is stored, however many transactions that takes', async () => {
  const [a, b] = [anEvent(), anEvent()];
  const waiter = waiterWith();
  const wanted = waitFor(a, b);
  const waiting = waiter.wait(wanted, patient());
  await store(wanted.ingestId, a);
  await eventually(() => {
    expect(questions).toBeGreaterThan(2);
  });
  expect(waiter.waiting).toBe(2);
  await store(undefined, b);
  expect(Object.fromEntries(await waiting)).toEqual({
    [a.eventId]: { kind: 'stored', byRequest: true },
    [b.eventId]: { kind: 'stored', byRequest: false },
  });
  expect(waiter.waiting).toBe(0);
});

it('asks once for all who wait, and nothing when nobody does', async () => {
  const waiter = waiterWith({ intervalMs: 300 });
  const events = Array.from({ length: 50 }, () => anEvent());
  const waiting = events.map((event) => waiter.wait(waitFor(event), patient()));
  await store(undefined, ...events);
  await Promise.all(waiting);
  const asked = questions;
  expect(asked).toBeLessThanOrEqual(3);
  // Another one that waits for longer than three of its pauses is the clock.
  let ticks = 0;
  const clock: Queryable = {
    query: (sql, parameters) => {
      ticks += 1;
      return db.database.query(sql, parameters);
    },
  };
  const client = new AbortController();
  const other = waiterWith({ intervalMs: 300 }, clock).wait(waitFor(anEvent()), client.signal);
  await eventually(() => {
    expect(ticks).toBeGreaterThan(2);
  });
  client.abort();
  await other;
  expect(questions).toBe(asked);
});

it('gives what it knows when the time is over', async () => {
  const [known, missing] = [anEvent(), anEvent()];
  await store(undefined, known);
  const startedAt = performance.now();
  const found = await waiterWith({ timeoutMs: 1000 }).wait(waitFor(known, missing), patient());
  expect([...found.keys()]).toEqual([known.eventId]);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(999);
});

it('goes on asking while PostgreSQL is away, and knows once it is back', async () => {
  let away = true;
  const closed = new Database({ ...db.config, url: 'postgres://127.0.0.1:1/none' });
  const flaky: Queryable = {
    query: (sql, parameters) => {
      questions += 1;
      return (away ? closed : db.database).query(sql, parameters);
    },
  };
  const event = anEvent();
  await store(undefined, event);
  const waiting = waiterWith({ retryMs: 25 }, flaky).wait(waitFor(event), patient());
  await eventually(() => {
    expect(questions).toBeGreaterThan(2);
  });
  away = false;
  expect((await waiting).size).toBe(1);
  await closed.close();
});

it('forgets a request whose client has gone', async () => {
  const waiter = waiterWith();
  const client = new AbortController();
  const waiting = waiter.wait(waitFor(anEvent()), client.signal);
  await eventually(() => {
    expect(questions).toBeGreaterThan(0);
  });
  client.abort();
  expect((await waiting).size).toBe(0);
  expect(waiter.waiting).toBe(0);
  expect((await waiter.wait(waitFor(anEvent()), client.signal)).size).toBe(0);
});

it('lets nobody wait beyond its bound, and others again once there is room', async () => {
  const waiter = waiterWith({ maxEvents: 2, timeoutMs: 1000 });
  const [a, b, c] = [anEvent(), anEvent(), anEvent()];
  await store(undefined, c);
  const first = waiter.wait(waitFor(a, b), patient());
  expect((await waiter.wait(waitFor(c), patient())).size).toBe(0);
  await first;
  expect((await waiter.wait(waitFor(c), patient())).size).toBe(1);
});

it('answers all who wait when the process stops, and asks no more', async () => {
  const waiter = waiterWith();
  const waiting = waiter.wait(waitFor(anEvent()), patient());
  waiter.beforeApplicationShutdown();
  expect((await waiting).size).toBe(0);
  expect((await waiter.wait(waitFor(anEvent()), patient())).size).toBe(0);
});
