import { toStorableEvent, type Event } from '@app/events';
import { anEvent, freshDatabase, type FreshDatabase } from '@app/testing';
import { ConsumerPositions, type StoredPosition } from './consumer-positions';
import { Database } from './database';
import { DeadLetters } from './dead-letters';
import { EventStore } from './event-store';
import type { InsertBatch, InsertResult, NewDeadLetter, RecordOutcome } from './insert-batch';
import { LogRecreatedError } from './log-recreated.error';
import { StoreRefusedError } from './store-error';

let db: FreshDatabase;
let store: EventStore;
beforeEach(async () => {
  db = await freshDatabase();
  store = new EventStore(db.database);
});
afterEach(async () => {
  await db.drop();
});

function batchOf(outcomes: readonly RecordOutcome[], overrides: Partial<InsertBatch> = {}): InsertBatch {
  return { group: 'g', topic: 't', outcomes, logEnds: new Map(), ...overrides };
}

/** The events at consecutive offsets of one partition. */
function run(partition: number, first: number, events: readonly Event[]): RecordOutcome[] {
  return events.map((event, index) => ({
    partition,
    offset: first + index,
    kind: 'persist',
    event: toStorableEvent(event),
  }));
}

const letter: NewDeadLetter = {
  projectId: 1,
  value: Buffer.from([0xff, 0x00]),
  key: null,
  headers: { project: Buffer.from('1'), twice: [Buffer.from('a'), Buffer.from('b')], none: undefined },
  stage: 'decode',
  reason: 'MALFORMED_EVENT',
  detail: 'not JSON',
  eventId: '0199d0a8-0000-7000-8000-000000000001',
  ingestId: undefined,
  loggedAt: 0,
};

async function countOf(table: string): Promise<number> {
  const [row] = await db.database.query<{ count: number }>(`SELECT count(*)::int4 AS count FROM ${table}`);
  return row!.count;
}

async function positions(): Promise<StoredPosition[]> {
  return new ConsumerPositions(db.database).list();
}

function unaccounted(position: StoredPosition): number {
  const { stored, duplicate, dead, erased, firstOffset, nextOffset } = position;
  return nextOffset - firstOffset - stored - duplicate - dead - erased;
}

describe('a batch', () => {
  it('is stored, counted and leaves each partition at its next offset', async () => {
    const outcomes: RecordOutcome[] = [
      ...run(0, 100, [anEvent(), anEvent()]),
      { partition: 3, offset: 7, kind: 'dead-letter', letter },
      ...run(3, 8, [anEvent()]),
    ];
    expect(await store.insert(batchOf(outcomes))).toEqual({
      stored: 3,
      duplicates: 0,
      deadLettered: 1,
      erased: 0,
      replayed: 0,
      redelivered: 0,
    });
    expect(await countOf('events')).toBe(3);
    expect(await countOf('event_ids')).toBe(3);
    const base = { group: 'g', topic: 't', duplicate: 0, erased: 0 };
    expect(await positions()).toEqual([
      { ...base, partition: 0, firstOffset: 100, nextOffset: 102, stored: 2, dead: 0 },
      { ...base, partition: 3, firstOffset: 7, nextOffset: 9, stored: 1, dead: 1 },
    ]);
  });

  it('of nothing changes nothing', async () => {
    expect(await store.insert(batchOf([]))).toEqual({
      stored: 0,
      duplicates: 0,
      deadLettered: 0,
      erased: 0,
      replayed: 0,
      redelivered: 0,
    });
    expect(await positions()).toEqual([]);
  });

  it('counts an id that is known as a duplicate, at the partition and at the id, and keeps the first event', async () => {
    const first = anEvent({ name: 'first' });
    await store.insert(batchOf(run(0, 0, [first])));
    const again = { ...first, name: 'second', occurredAt: new Date(0) };
    expect(await store.insert(batchOf(run(1, 0, [again, anEvent(), again])))).toMatchObject({
      stored: 1,
      duplicates: 2,
    });
    expect(await db.database.query('SELECT name FROM events WHERE event_id = $1', [first.eventId])).toEqual([
      { name: 'first' },
    ]);
    expect(await db.database.query('SELECT duplicates FROM event_ids WHERE event_id = $1', [first.eventId])).toEqual([
      { duplicates: 2 },
    ]);
    expect((await positions()).map(unaccounted)).toEqual([0, 0]);
  });

  it('stores one of several events with one id, the first, whatever their time', async () => {
    const first = anEvent({ name: 'first' });
    const second = { ...first, name: 'second', occurredAt: new Date(0) };
    const outcomes: RecordOutcome[] = [
      { partition: 0, offset: 0, kind: 'persist', event: toStorableEvent(first) },
      { partition: 0, offset: 1, kind: 'persist', event: toStorableEvent(second) },
      { partition: 1, offset: 5, kind: 'persist', event: toStorableEvent(second) },
    ];
    expect(await store.insert(batchOf(outcomes))).toMatchObject({ stored: 1, duplicates: 2 });
    expect(await db.database.query('SELECT name FROM events')).toEqual([{ name: 'first' }]);
  });

  it('keeps one id apart in two projects', async () => {
    const event = anEvent();
    await store.insert(batchOf(run(0, 0, [event, { ...event, projectId: 2 }])));
    expect(await countOf('events')).toBe(2);
  });

  it('stores the repeat when what it repeats became a dead letter in an earlier transaction', async () => {
    const event = anEvent();
    await store.insert(batchOf([{ partition: 0, offset: 0, kind: 'dead-letter', letter }]));
    const outcomes: RecordOutcome[] = [
      { partition: 0, offset: 0, kind: 'persist', event: toStorableEvent(event) },
      { partition: 0, offset: 1, kind: 'persist', event: toStorableEvent(event) },
    ];
    expect(await store.insert(batchOf(outcomes))).toMatchObject({ stored: 1, duplicates: 0, redelivered: 1 });
  });

  it('that PostgreSQL refuses in one row leaves nothing behind, also no position', async () => {
    const bad = anEvent({ data: { text: '\u0000' } });
    const refusal = store.insert(batchOf(run(0, 0, [anEvent(), bad])));
    await expect(refusal).rejects.toBeInstanceOf(StoreRefusedError);
    await expect(refusal).rejects.toMatchObject({ sqlState: '22P05' });
    expect([await countOf('events'), await countOf('event_ids'), await positions()]).toEqual([0, 0, []]);
  });

  it('with a project that no integer column holds is refused, not taken for a bug', async () => {
    const refusal = store.insert(batchOf(run(0, 0, [anEvent({ projectId: 9_999_999_999 })])));
    await expect(refusal).rejects.toMatchObject({ code: 'STORE_REFUSED', sqlState: '22003' });
  });
});

describe('a dead letter', () => {
  it('keeps bytes, headers and reason', async () => {
    await store.insert(batchOf([{ partition: 2, offset: 9, kind: 'dead-letter', letter }]));
    const [kept] = await new DeadLetters(db.database).list(10);
    const { projectId, key, value, stage, reason, detail } = letter;
    expect(kept).toMatchObject({
      ...{ projectId, key, value, stage, reason, detail },
      headers: { project: [Buffer.from('1')], twice: [Buffer.from('a'), Buffer.from('b')] },
      topic: 't',
      partition: 2,
      offset: 9,
      status: 'open',
      attempts: 0,
    });
  });

  it.each<[string, Partial<NewDeadLetter>]>([
    ['no value', { value: null }],
    ['NUL and half a surrogate pair in a header name', { headers: { 'a\u0000\ud800': Buffer.from([0]) } }],
    ['a header named __proto__', { headers: Object.fromEntries([['__proto__', Buffer.from('x')]]) }],
    ['NUL in the detail', { detail: 'a\u0000b' }],
    ['a project that no column holds', { projectId: 9_999_999_999 }],
    ['a megabyte', { value: Buffer.alloc(1_000_000, 1) }],
  ])('finds its place with %s', async (_, part) => {
    await store.insert(batchOf([{ partition: 0, offset: 0, kind: 'dead-letter', letter: { ...letter, ...part } }]));
    const [kept] = await new DeadLetters(db.database).list(10);
    expect(Object.keys(kept!.headers)).toHaveLength('headers' in part ? 1 : 2);
    expect(kept!.value).toEqual('value' in part ? part.value : letter.value);
  });

  it('is kept once per place on the log, whoever reads it', async () => {
    const outcomes: RecordOutcome[] = [{ partition: 0, offset: 0, kind: 'dead-letter', letter }];
    await store.insert(batchOf(outcomes));
    await store.insert(batchOf(outcomes, { group: 'another' }));
    expect(await new DeadLetters(db.database).count()).toBe(1);
    expect((await positions()).map(({ dead }) => dead)).toEqual([1, 1]);
  });
});

describe('a batch that comes again', () => {
  it('is skipped without being counted', async () => {
    const batch = batchOf([
      ...run(0, 0, [anEvent(), anEvent()]),
      { partition: 0, offset: 2, kind: 'dead-letter', letter },
    ]);
    await store.insert(batch);
    const before = await positions();
    expect(await store.insert(batch)).toEqual({
      stored: 0,
      duplicates: 0,
      deadLettered: 0,
      erased: 0,
      replayed: 0,
      redelivered: 3,
    });
    expect(await positions()).toEqual(before);
    expect(await db.database.query('SELECT DISTINCT duplicates FROM event_ids')).toEqual([{ duplicates: 0 }]);
  });

  it('is stored from where the position stands when it overlaps', async () => {
    const events = Array.from({ length: 4 }, () => anEvent());
    await store.insert(batchOf(run(0, 10, events.slice(0, 2))));
    expect(await store.insert(batchOf(run(0, 10, events)))).toMatchObject({ stored: 2, duplicates: 0, redelivered: 2 });
    expect(await positions()).toMatchObject([{ firstOffset: 10, nextOffset: 14, stored: 4, duplicate: 0 }]);
  });

  it('from a zombie changes nothing once its successor has gone on', async () => {
    const zombie = new Database(db.config);
    const events = Array.from({ length: 50 }, () => anEvent());
    const batch = batchOf(run(0, 0, events));
    await store.insert(batch);
    await store.insert(batchOf(run(0, 50, [anEvent()])));
    const before = await positions();
    const result = await new EventStore(zombie).insert(batch);
    expect(result).toEqual({ stored: 0, duplicates: 0, deadLettered: 0, erased: 0, replayed: 0, redelivered: 50 });
    expect(await positions()).toEqual(before);
    expect(await countOf('events')).toBe(51);
    await zombie.close();
  });

  it('is stored once when zombie and successor send it at the same instant', async () => {
    const zombie = new Database(db.config);
    const batch = batchOf(
      run(
        0,
        0,
        Array.from({ length: 500 }, () => anEvent()),
      ),
    );
    const results = await Promise.all([store.insert(batch), new EventStore(zombie).insert(batch)]);
    const sum = (of: keyof InsertResult): number => results.reduce((total, result) => total + result[of], 0);
    expect([sum('stored'), sum('duplicates'), sum('redelivered')]).toEqual([500, 0, 500]);
    expect(await positions()).toMatchObject([{ nextOffset: 500, stored: 500, duplicate: 0 }]);
    await zombie.close();
  });
});

describe('a log that ends below the position', () => {
  it('stops the storing, because its offsets began anew', async () => {
    await store.insert(batchOf(run(0, 0, [anEvent(), anEvent(), anEvent()])));
    const anew = store.insert(batchOf(run(0, 0, [anEvent()]), { logEnds: new Map([[0, 1]]) }));
    await expect(anew).rejects.toBeInstanceOf(LogRecreatedError);
    await expect(anew).rejects.toMatchObject({ retriable: false, partition: 0, logEnd: 1, nextOffset: 3 });
    expect(await countOf('events')).toBe(3);
  });

  it('is told from one that ends right at the position', async () => {
    await store.insert(batchOf(run(0, 0, [anEvent()])));
    const again = batchOf(run(0, 0, [anEvent()]), { logEnds: new Map([[0, 1]]) });
    expect(await store.insert(again)).toMatchObject({ redelivered: 1 });
  });
});
