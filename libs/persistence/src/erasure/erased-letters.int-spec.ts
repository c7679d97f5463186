import { randomUUID } from 'node:crypto';
import { encodeEvent } from '@app/events';
import { anEvent, freshDatabase, type FreshDatabase } from '@app/testing';
import { ConsumerPositions } from '../consumer-positions';
import { EventStore } from '../event-store';
import type { InsertResult, NewDeadLetter, RecordOutcome } from '../insert-batch';
import { WaitedOutcomes } from '../waited-outcomes';
import { Eraser } from './eraser';
import { Erasures } from './erasures';

const USER = 'user-4711@example.org';

let db: FreshDatabase;
let store: EventStore;
let offset: number;
beforeEach(async () => {
  db = await freshDatabase();
  store = new EventStore(db.database);
  offset = 0;
});
afterEach(() => db.drop());

function letterOf(letter: Partial<NewDeadLetter>): RecordOutcome {
  const base = { projectId: 1, value: null, key: null, headers: {}, reason: 'R', detail: 'd' };
  const rest = { stage: 'decode' as const, eventId: undefined, ingestId: undefined, loggedAt: 0 };
  return { partition: 0, offset: offset++, kind: 'dead-letter', letter: { ...base, ...rest, ...letter } };
}

async function insert(...outcomes: RecordOutcome[]): Promise<InsertResult> {
  return store.insert({ group: 'g', topic: 't', outcomes, logEnds: new Map() });
}

/** @returns the report. */
async function erase(projectId = 1): Promise<unknown> {
  const erasures = new Erasures(db.database, 0);
  const id = await erasures.request(projectId, USER);
  const eraser = new Eraser(db.database, 0);
  for (let kind = ''; kind !== 'rest';) kind = (await eraser.step()).kind;
  return erasures.find(projectId, id);
}

function done(deadLetters: number): object {
  return { status: 'done', removed: { hot: 0, cold: 0, deadLetters, userDays: 0 } };
}

/** Received well after every erasure of a test. */
function later(): Date {
  return new Date(Date.now() + 3_600_000);
}

describe('a dead letter', () => {
  const value = (json: unknown): Buffer => Buffer.from(JSON.stringify(json));
  const old = { received_at: '2026-01-01T00:00:00Z' };
  const mine: Partial<NewDeadLetter>[] = [
    { key: Buffer.from(`1:${USER}`), value: Buffer.from([0xff]) },
    { value: value({ user_id: USER, name: 7, ...old }) },
    { value: value({ receivedAt: '2026-01-01T00:00:00Z', batch: [{ userId: USER }] }), headers: { refused: Buffer.from('INVALID') } },
    { value: value({ batch: [{ anonymousId: USER, userId: 'somebody' }] }) },
    { value: Buffer.from(`{"user_id":"${USER}", broken`) },
    { value: encodeEvent(anEvent({ userId: USER })), stage: 'store', reason: 'STORE_REFUSED' },
    { detail: `data[${JSON.stringify(USER)}] must be smaller` },
    { projectId: 1, key: Buffer.from(`1:${USER}`) },
  ]; // prettier-ignore
  const others: Partial<NewDeadLetter>[] = [
    { key: Buffer.from(`1:${USER}x`), value: value({ user_id: 'somebody', ...old }) },
    { value: value(['user-4711']) },
    { key: Buffer.from(`2:${USER}`), projectId: 2 },
  ];

  it('of the user is removed, in whatever shape it came, and no other', async () => {
    await insert(...[...mine, ...others].map(letterOf));
    expect(await erase()).toEqual(done(mine.length));
    expect(await db.database.query('SELECT count(*)::int4 AS n FROM dead_letters')).toEqual([{ n: others.length }]);
    // The user of another project, of whose letter nobody could tell the project but its key.
    const unknown = (): RecordOutcome => letterOf({ key: Buffer.from(`2:${USER}`), value: value({ user_id: USER }) });
    await insert(unknown());
    expect(await erase()).toEqual(done(0));
    expect(await erase(2)).toEqual(done(2));
    expect(await insert(unknown())).toMatchObject({ erased: 1 });
    expect(await db.database.query('SELECT count(*)::int4 AS n FROM dead_letters')).toEqual([{ n: 2 }]);
  });

  it('that still was on the log is not kept, as far as it tells whose it is', async () => {
    await erase();
    const telling = mine.filter(({ detail }) => detail === undefined);
    const newConsent = letterOf({ value: value({ user_id: USER, received_at: later().toISOString() }) });
    expect(await insert(...[...telling, ...others].map(letterOf), newConsent)).toMatchObject({
      erased: 7,
      deadLettered: 4,
    });
    const [position] = await new ConsumerPositions(db.database).list();
    expect(position).toMatchObject({ nextOffset: 11, dead: 4, erased: 7 });
  });

  it('that is not kept is told to the request that waits for it', async () => {
    await erase();
    const waited = { projectId: 1, eventId: randomUUID(), ingestId: randomUUID() };
    await insert(letterOf({ ...mine[0], ...waited }));
    expect(await new WaitedOutcomes(db.database).find([waited])).toEqual([{ kind: 'erased' }]);
  });

  it('that does not tell when it was received is as old as its record, or older when that is a replay', async () => {
    await erase();
    const unreadable = letterOf({ key: Buffer.from(`1:${USER}`), loggedAt: later().getTime() });
    expect(await insert(unreadable)).toMatchObject({ erased: 0, deadLettered: 1 });
    // Of a letter that was erased between the moment when it was read and the one when it was sent.
    const replay = { letterId: '4711', value: null };
    expect(await insert({ ...unreadable, offset: offset++, replay })).toMatchObject({ erased: 1, deadLettered: 0 });
  });

  it('is looked at in parts when there are many', async () => {
    await insert(
      ...Array.from({ length: 1200 }, (_, n) => letterOf({ key: Buffer.from(`1:${n % 2 === 0 ? USER : n}`) })),
    );
    expect(await erase()).toEqual(done(600));
  });
});
