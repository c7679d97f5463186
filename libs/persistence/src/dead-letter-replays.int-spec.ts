import { toStorableEvent } from '@app/events';
import { anEvent, freshDatabase, type FreshDatabase } from '@app/testing';
import { ConsumerPositions } from './consumer-positions';
import { DeadLetterChanges } from './dead-letter-changes';
import { DeadLetters, type StoredDeadLetter } from './dead-letters';
import { EventStore } from './event-store';
import type { InsertResult, NewDeadLetter, RecordOutcome, Replay } from './insert-batch';
import { StoreRefusedError } from './store-error';

let db: FreshDatabase;
let offset: number;
beforeEach(async () => {
  db = await freshDatabase();
  offset = 0;
});
afterEach(async () => {
  await db.drop();
});

const event = toStorableEvent(anEvent());
const value = Buffer.from('as it came');
const refusal: NewDeadLetter = {
  projectId: 1,
  value,
  key: null,
  headers: {},
  stage: 'store',
  reason: 'STORE_REFUSED',
  detail: 'first',
  eventId: event.eventId,
  ingestId: undefined,
  loggedAt: 0,
};

type Fate = { readonly event: typeof event } | { readonly letter: NewDeadLetter };

async function arrive(fates: readonly (Fate & { readonly replay?: Replay })[]): Promise<InsertResult> {
  const outcomes = fates.map((fate): RecordOutcome => {
    const place = { partition: 0, offset: offset++, replay: fate.replay };
    return 'event' in fate
      ? { ...place, kind: 'persist', event: fate.event }
      : { ...place, kind: 'dead-letter', letter: fate.letter };
  });
  return new EventStore(db.database).insert({ group: 'g', topic: 't', outcomes, logEnds: new Map() });
}

async function letters(): Promise<StoredDeadLetter[]> {
  return new DeadLetters(db.database).list(10);
}

async function aLetter(changes: Partial<NewDeadLetter> = {}): Promise<Replay> {
  await arrive([{ letter: { ...refusal, ...changes } }]);
  const letter = (await letters()).at(-1);
  return { letterId: letter!.id, value: letter!.value };
}

describe('a replay', () => {
  it('that is stored resolves its letter, and a second one is a duplicate of it', async () => {
    const replay = await aLetter();
    expect(await arrive([{ event, replay }])).toMatchObject({ stored: 1, deadLettered: 0, replayed: 1 });
    expect(await letters()).toMatchObject([{ status: 'replayed', attempts: 0, resolvedAt: expect.any(Date) as Date }]);
    const [resolved] = await letters();
    expect(await arrive([{ event, replay }])).toMatchObject({ stored: 0, duplicates: 1, replayed: 0 });
    expect(await letters()).toEqual([resolved]);
  });

  it('tells its letter in the transaction that stores, or not at all', async () => {
    const replay = await aLetter();
    const before = await letters();
    await db.database.query('ALTER TABLE consumer_positions ADD CONSTRAINT seeded CHECK (next_offset < 2)');
    await expect(arrive([{ event, replay }])).rejects.toThrow(StoreRefusedError);
    expect(await letters()).toEqual(before);
    expect(await db.database.query('SELECT event_id FROM events')).toEqual([]);
  });

  it('of an event that was stored meanwhile resolves its letter', async () => {
    const replay = await aLetter();
    await arrive([{ event }]);
    expect(await arrive([{ event, replay }])).toMatchObject({ duplicates: 1, replayed: 1 });
    expect(await letters()).toMatchObject([{ status: 'replayed' }]);
  });

  it('that fails again is the same letter with one attempt more and the new reason, and its offset counts as dead', async () => {
    const replay = await aLetter();
    const letter: NewDeadLetter = { ...refusal, stage: 'decode', reason: 'MALFORMED_EVENT', detail: 'second' };
    expect(await arrive([{ letter, replay }])).toMatchObject({ deadLettered: 1, replayed: 0 });
    expect(await letters()).toMatchObject([
      { offset: 0, status: 'open', attempts: 1, stage: 'decode', reason: 'MALFORMED_EVENT', detail: 'second' },
    ]);
    expect(await new ConsumerPositions(db.database).list()).toMatchObject([{ nextOffset: 2, dead: 2 }]);
  });

  it('settles its letter once however often it is in one batch', async () => {
    const replay = await aLetter();
    const again = { letter: refusal, replay };
    expect(await arrive([again, again, { event, replay }])).toMatchObject({ deadLettered: 2, replayed: 1 });
    expect(await letters()).toMatchObject([{ status: 'replayed', attempts: 2 }]);
  });

  it('of a letter without a value is known by having none', async () => {
    const replay = await aLetter({ value: null, eventId: undefined });
    await arrive([{ letter: { ...refusal, value: null }, replay }]);
    expect(await letters()).toMatchObject([{ attempts: 1 }]);
  });

  it('of a refusal that an older consumer kept as unreadable is known by the id of its event', async () => {
    const headers = { refused: Buffer.from('invalid') };
    const replay = { ...(await aLetter({ stage: 'decode', headers })), value: Buffer.from('the event') };
    await arrive([{ letter: refusal, replay }]);
    expect(await letters()).toMatchObject([{ stage: 'accept', reason: 'STORE_REFUSED', attempts: 1, value }]);
    expect(await arrive([{ event, replay }])).toMatchObject({ replayed: 1 });
    expect(await letters()).toMatchObject([{ status: 'replayed' }]);
  });

  it('of what a door had refused keeps the words of the door when it is stored or fails', async () => {
    const replay = { ...(await aLetter({ stage: 'accept', reason: 'invalid' })), value: Buffer.from('the event') };
    await arrive([{ letter: refusal, replay }]);
    expect(await letters()).toMatchObject([{ stage: 'accept', reason: 'STORE_REFUSED', attempts: 1, value }]);
    expect(await arrive([{ event, replay }])).toMatchObject({ replayed: 1 });
  });
});

it('keeps a thousand characters of a detail, of a letter and of its replays', async () => {
  const detail = `\0${'x'.repeat(100_000)}`;
  const kept = `\uFFFD${'x'.repeat(999)}`;
  const replay = await aLetter({ detail });
  expect(await letters()).toMatchObject([{ detail: kept }]);
  await arrive([{ letter: { ...refusal, detail: `again${detail}` }, replay }]);
  expect(await letters()).toMatchObject([{ attempts: 1, detail: `again${kept}`.slice(0, 1000) }]);
  const why = { reason: 'INVALID', detail };
  await new DeadLetterChanges(db.database).refusedAgain(1, replay.letterId, why);
  expect(await letters()).toMatchObject([{ attempts: 2, detail: kept }]);
});

describe('a record that only says that it is a replay', () => {
  it.each<[string, Partial<NewDeadLetter>, Partial<Replay>]>([
    ['of another project', { projectId: 2 }, {}],
    ['with another value', {}, { value: Buffer.from('forged') }],
    ['without a value', {}, { value: null }],
    ['of what a door has refused, with another id', { stage: 'accept', eventId: anEvent().eventId }, {}],
    ['of what a door has refused, of which no id is known', { stage: 'accept', eventId: undefined }, {}],
  ])('%s leaves the letter alone and gets one of its own', async (_, of, forged) => {
    const replay = { ...(await aLetter(of)), ...forged };
    const [untouched] = await letters();
    await arrive([{ letter: refusal, replay }]);
    expect(await arrive([{ event, replay }])).toMatchObject({ stored: 1, replayed: 0 });
    const [first, ...rest] = await letters();
    expect(first).toEqual(untouched);
    expect(rest).toMatchObject([{ offset: 1, status: 'open', attempts: 0 }]);
  });

  it('of a refusal that an older consumer kept, with its value, leaves the letter alone', async () => {
    const replay = await aLetter({ stage: 'decode', headers: { refused: Buffer.from('invalid') }, eventId: undefined });
    await arrive([{ letter: refusal, replay }]);
    expect(await letters()).toMatchObject([{ attempts: 0 }, { attempts: 0 }]);
  });

  it('of a letter that is not there is a letter of its own', async () => {
    await arrive([{ letter: refusal, replay: { letterId: '999999999999999999', value } }]);
    expect(await letters()).toHaveLength(1);
  });
});
