import { randomUUID } from 'node:crypto';
import { toStorableEvent, type Event } from '@app/events';
import { anEvent, freshDatabase, tablesWith, type FreshDatabase } from '@app/testing';
import { ConsumerPositions } from '../consumer-positions';
import type { Database, Transaction } from '../database';
import { EventStore } from '../event-store';
import { EventTraces } from '../event-traces';
import type { InsertResult, NewDeadLetter, RecordOutcome } from '../insert-batch';
import { recountRollups } from '../rollups/recount';
import { Rollups } from '../rollups/rollups';
import { StoreUnavailableError } from '../store-error';
import { WaitedOutcomes } from '../waited-outcomes';
import { Eraser } from './eraser';
import { Erasures } from './erasures';
import { HotEvents } from './hot-events.place';
import { TooManyErasuresError } from './too-many-erasures.error';

const [NAMES_PER_DAY, DAY_MS] = [3, 86_400_000];
const USER = 'user-4711@example.org';

let db: FreshDatabase;
let erasures: Erasures;
let eraser: Eraser;
let store: EventStore;
let offset: number;
beforeEach(async () => {
  db = await freshDatabase();
  erasures = new Erasures(db.database, 0);
  eraser = new Eraser(db.database, 0);
  store = new EventStore(db.database, new Rollups(NAMES_PER_DAY));
  offset = 0;
});
afterEach(() => db.drop());

function event(overrides: Partial<Event> = {}): Event {
  return anEvent({ userId: USER, ...overrides });
}

function outcomeOf(stored: Event): RecordOutcome {
  return { partition: 0, offset: offset++, kind: 'persist', event: toStorableEvent(stored) };
}

function letterOf(letter: Partial<NewDeadLetter>): RecordOutcome {
  const base = { projectId: 1, value: null, key: null, headers: {}, reason: 'R', detail: 'd' };
  const rest = { stage: 'decode' as const, eventId: undefined, ingestId: undefined, loggedAt: 0 };
  return { partition: 0, offset: offset++, kind: 'dead-letter', letter: { ...base, ...rest, ...letter } };
}

async function insert(...outcomes: RecordOutcome[]): Promise<InsertResult> {
  return store.insert({ group: 'g', topic: 't', outcomes, logEnds: new Map() });
}

function insertEvents(...events: Event[]): Promise<InsertResult> {
  return insert(...events.map(outcomeOf));
}

async function finish(by = eraser): Promise<void> {
  for (let kind = ''; kind !== 'rest';) kind = (await by.step()).kind;
}

/** @returns the report. */
async function erase(projectId = 1, userId = USER): Promise<unknown> {
  const id = await erasures.request(projectId, userId);
  await finish();
  return erasures.find(projectId, id);
}

function done(removed: { hot?: number; deadLetters?: number; userDays?: number }): object {
  return { status: 'done', removed: { hot: 0, cold: 0, deadLetters: 0, userDays: 0, ...removed } };
}

async function expectAgreement(): Promise<void> {
  const tables = await recountRollups(db.database, { atMost: 5, namesPerDay: NAMES_PER_DAY });
  expect(tables.filter(({ differing }) => differing > 0)).toEqual([]);
}

/** Received well after every erasure of a test. */
function later(): Date {
  return new Date(Date.now() + 3_600_000);
}

describe('an erasure', () => {
  it('removes all that the user has sent, and nothing else, and the numbers agree with what is left', async () => {
    const dayBeforeHotWindow = new Date((Math.floor(Date.now() / DAY_MS) - 7.5) * DAY_MS); // minutes are counted there, too
    const mine = [
      event({ name: 'a', amount: 0.1 }),
      event({ name: 'b', amount: -2 }),
      event({ name: 'a', occurredAt: new Date('2021-02-28T12:00:00Z'), amount: 999_999_999_999_999_900 }),
      event({ name: 'a', occurredAt: new Date('2021-03-28T12:00:00Z') }),
      event({ name: 'only theirs', occurredAt: dayBeforeHotWindow }),
    ];
    const others = [anEvent({ name: 'a', amount: 0.2 }), anEvent({ userId: undefined }), event({ projectId: 2 })];
    await insertEvents(...mine, ...others);
    expect(await erase()).toEqual(done({ hot: 5, userDays: 4 }));
    expect(await tablesWith(db.url, 'only theirs')).toEqual([]);

    expect(await db.database.query('SELECT event_id FROM events ORDER BY event_id')).toEqual(
      others.map(({ eventId }) => ({ event_id: eventId })).sort((a, b) => (a.event_id < b.event_id ? -1 : 1)),
    );
    await expectAgreement();
    expect(await erase(2)).toEqual(done({ hot: 1, userDays: 1 }));
    expect(await tablesWith(db.url, USER)).toEqual([]);
    expect(await new EventTraces(db.database).find(1, mine[0]!.eventId)).toEqual({
      ...{ status: 'erased', partition: 0, offset: 0, duplicates: 0 },
    });
    await expectAgreement();
  });

  it('can be asked for again, and finds nothing then', async () => {
    await insertEvents(event(), event());
    const id = await erasures.request(1, USER);
    await insertEvents(event({ receivedAt: new Date(Date.now() + 1) }));
    expect([await erasures.request(1, USER), await erasures.request(1, USER)]).toEqual([id, id]); // and it covers what came meanwhile
    await eraser.step();
    const another = await erasures.request(1, USER);
    await finish();
    expect(await Promise.all([id, another].map((each) => erasures.find(1, each)))).toEqual([
      done({ hot: 3, userDays: 1 }),
      done({}),
    ]);
    expect(await erase()).toEqual(done({}));
    expect(await erasures.find(2, id)).toBeUndefined();
    expect(await erasures.find(1, randomUUID())).toBeUndefined();
  });

  it('is one of a thousand of its project at most, which all begin at once', async () => {
    await db.database.query(
      `INSERT INTO erasures (id, project_id, user_hash, user_id, before)
       SELECT gen_random_uuid(), 1, n::text::bytea, 'u' || n, now() FROM generate_series(1, 999) n`,
    );
    const id = await erasures.request(1, USER);
    await expect(erasures.request(1, 'another')).rejects.toThrow(TooManyErasuresError);
    expect(await erasures.request(1, USER)).toBe(id);
    expect(await erasures.request(2, USER)).toBeDefined();
    await eraser.step();
    expect(await db.database.query('SELECT DISTINCT status FROM erasures')).toEqual([{ status: 'running' }]);
  });

  it('takes years of days apart, which in one transaction would change too much', async () => {
    const days = Array.from({ length: 250 }, (_, day) => new Date(Date.UTC(2020, 0, 1) + day * DAY_MS));
    for (let from = 0; from < days.length; from += 40) {
      await insertEvents(...days.slice(from, from + 40).map((occurredAt) => event({ occurredAt })));
    }
    await insertEvents(...days.filter((_, day) => day % 50 === 0).map((occurredAt) => anEvent({ occurredAt })));
    expect(await erase()).toEqual(done({ hot: 250, userDays: 250 }));
    await expectAgreement();
  });

  it('gives the room of a name that is gone to another, but not on a day on which some have found none', async () => {
    await insertEvents(
      ...['a', 'b'].map((name) => event({ name })),
      ...['b', 'c', 'd'].map((name) => anEvent({ name })),
    );
    await erase();
    await expectAgreement();
    await insertEvents(...['d', 'e', 'f'].map((name) => anEvent({ name })));
    const names = await db.database.query(`SELECT name, event_count::int4 AS n FROM day_metrics ORDER BY name`);
    expect(names).toEqual([{ name: '', n: 4 }, ...['b', 'c'].map((name) => ({ name, n: 1 }))]);
  });

  it('lets nobody remember a name while it goes on, whose row it may remove', async () => {
    await insertEvents(event({ name: 'u' }), ...['a', 'b'].map((name) => anEvent({ name })));
    await erasures.request(1, USER);
    await insertEvents(anEvent({ name: 'z' })); // the day is full: what has a row is told, "u" too
    for (let steps = 0; steps < 2; steps += 1) expect(await eraser.step()).toEqual({ kind: 'working' });
    const elsewhere = new EventStore(db.database, new Rollups(NAMES_PER_DAY));
    for (const by of [elsewhere, store]) {
      await by.insert({ group: 'g', topic: 't', outcomes: [outcomeOf(anEvent({ name: 'u' }))], logEnds: new Map() });
    }
    await finish();
    await expectAgreement();
  });

  it('waits until its instant has passed on every clock', async () => {
    const id = await new Erasures(db.database, 60_000).request(1, USER);
    await insertEvents(event());
    await finish();
    expect(await erasures.find(1, id)).toMatchObject({ status: 'queued' });
  });

  it('that something is wrong with fails, and holds up no other', async () => {
    const erase = (): Promise<never> => Promise.reject(new TypeError('wrong'));
    const broken = new Eraser(db.database, 0, [Object.assign(new HotEvents(), { erase })]);
    const id = await erasures.request(1, USER);
    await broken.step();
    expect(await broken.step()).toMatchObject({ kind: 'failed', erasureId: id });
    expect(await erasures.find(1, id)).toMatchObject({ status: 'failed' });
    expect(await tablesWith(db.url, USER)).toEqual([]);
    expect(await broken.step()).toEqual({ kind: 'rest' });
  });

  it('goes on where it was, at whatever statement its process died', async () => {
    for (let statements = 1, died = true; died; statements += 1) {
      const userId = `${USER}-${statements}`;
      await insertEvents(event({ userId, amount: 1 }), event({ userId }), anEvent());
      await insert(letterOf({ key: Buffer.from(`1:${userId}`) }));
      const id = await erasures.request(1, userId);
      const mortal = new Eraser(mortalDatabase(statements), 0);
      died = await finish(mortal).then(
        () => false,
        () => true,
      );
      await finish();
      expect(await erasures.find(1, id)).toEqual(done({ hot: 2, deadLetters: 1, userDays: 1 }));
      expect(statements).toBeLessThan(100);
    }
    await expectAgreement();
    expect(await tablesWith(db.url, USER)).toEqual([]);
  }, 120_000);

  /** Its transactions break before the nth statement of all. */
  function mortalDatabase(statements: number): Database {
    let left = statements;
    const alive = async <T>(run: () => Promise<T>): Promise<T> => {
      left -= 1;
      if (left < 0) throw new StoreUnavailableError('killed', undefined);
      return run();
    };
    const query: Database['query'] = (sql, parameters) => alive(() => db.database.query(sql, parameters));
    const mortal = (tx: Transaction): Transaction => ({
      query: (sql, parameters) => alive(() => tx.query(sql, parameters)),
      execute: (statement, parameters) => alive(() => tx.execute(statement, parameters)),
    });
    const transaction: Database['transaction'] = (work) => db.database.transaction((tx) => work(mortal(tx)));
    return Object.assign(Object.create(db.database) as Database, { query, transaction });
  }
});

describe('what comes after an erasure', () => {
  it('is refused when it was received before, whatever brings it, and its id is known from then on', async () => {
    const known = event();
    await insertEvents(known);
    await erase();
    const waiting = event({ receivedAt: new Date(Date.now() - 1000), name: 'new' });
    expect(await insertEvents(waiting, known, anEvent(), waiting)).toMatchObject({
      stored: 1,
      erased: 1,
      duplicates: 2,
    });
    expect(await insertEvents({ ...waiting, receivedAt: later() })).toMatchObject({ stored: 0, duplicates: 1 });
    const [position] = await new ConsumerPositions(db.database).list();
    expect(position).toMatchObject({ nextOffset: 6, stored: 2, erased: 1, duplicate: 3, dead: 0 });
    expect(await new WaitedOutcomes(db.database).find([
      { projectId: 1, eventId: waiting.eventId, ingestId: randomUUID() },
    ])).toEqual([{ kind: 'erased' }]); // prettier-ignore
    await expectAgreement();
    expect(await tablesWith(db.url, USER)).toEqual([]);
  });

  it('is refused until the instant of the erasure has passed, though it says that it comes from the future', async () => {
    await new Erasures(db.database, 60_000).request(1, USER);
    const claiming = { receivedAt: new Date('9999-12-31T00:00:00Z') };
    const letter = letterOf({ value: Buffer.from(`{"user_id":"${USER}","received_at":"9999-12-31T00:00:00Z"}`) });
    expect(await insert(outcomeOf(event(claiming)), letter)).toMatchObject({ stored: 0, erased: 2 });
  });

  it('is stored as usual when it was received later, also on a day and under a name that were known', async () => {
    await insertEvents(event({ name: 'a' }), anEvent({ name: 'b' }));
    const id = await erasures.request(1, USER);
    await insertEvents(event({ name: 'a', receivedAt: later() }), event({ name: 'c', receivedAt: later() }));
    await finish();
    expect(await erasures.find(1, id)).toEqual(done({ hot: 1 }));
    await expectAgreement();
    expect(await insertEvents(event({ name: 'a', receivedAt: later() }))).toMatchObject({ stored: 1, erased: 0 });
    await expectAgreement();
  });

  it('is in the numbers again, though the process remembers the user and the names from before', async () => {
    await insertEvents(event({ name: 'a' }));
    await erase();
    await insertEvents(event({ name: 'a', receivedAt: later() }));
    await expectAgreement();
    expect(await db.database.query('SELECT users::int4, new_users::int4 FROM day_users')).toEqual([
      { users: 1, new_users: 1 },
    ]);
  });
});
