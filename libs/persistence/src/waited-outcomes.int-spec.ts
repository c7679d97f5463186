import { randomUUID } from 'node:crypto';
import { toStorableEvent, type Event } from '@app/events';
import { anEvent, freshDatabase, type FreshDatabase } from '@app/testing';
import { EventReader } from './event-reader';
import { EventStore } from './event-store';
import { EventTraces } from './event-traces';
import type { NewDeadLetter, RecordOutcome } from './insert-batch';
import { WaitedOutcomes } from './waited-outcomes';

let db: FreshDatabase;
let outcomes: WaitedOutcomes;
let traces: EventTraces;
let offset = 0;
beforeAll(async () => {
  db = await freshDatabase();
  outcomes = new WaitedOutcomes(db.database);
  traces = new EventTraces(db.database);
  await db.database.query(`INSERT INTO projects (id, name) VALUES (2, 'other')`);
});
afterAll(() => db.drop());

type What = Event | { readonly event: Event; readonly ingestId: string } | NewDeadLetter;

/** One batch, as a consumer would store it; resolves with the offset of the first. */
async function store(...what: What[]): Promise<number> {
  const first = offset;
  const records = what.map((one): RecordOutcome => {
    const place = { partition: 7, offset: offset++ };
    if ('stage' in one) return { ...place, kind: 'dead-letter', letter: one };
    if ('event' in one) return { ...place, kind: 'persist', event: toStorableEvent(one.event), ingestId: one.ingestId };
    return { ...place, kind: 'persist', event: toStorableEvent(one) };
  });
  const logEnds = new Map([[7, offset]]);
  await new EventStore(db.database).insert({ group: 'g', topic: 't', outcomes: records, logEnds });
  return first;
}

function aLetter(eventId: string, ingestId?: string): NewDeadLetter {
  const bytes = { key: null, value: Buffer.from('{'), headers: {}, loggedAt: 0 };
  return { projectId: 1, ...bytes, stage: 'store', reason: 'STORE_REFUSED', detail: 'No.', eventId, ingestId };
}

async function waitedIds(): Promise<Map<string, string | null>> {
  const rows = await db.database.query<{ event_id: string; ingest_id: string | null }>(
    'SELECT event_id, ingest_id FROM event_ids',
  );
  return new Map(rows.map((row) => [row.event_id, row.ingest_id]));
}

describe('what became of an event that a request waits for', () => {
  it('tells the row of the request from one that was there before', async () => {
    const [mine, alien, plain, ingestId] = [anEvent(), anEvent(), anEvent(), randomUUID()];
    await store({ event: mine, ingestId }, { event: alien, ingestId: randomUUID() }, plain);
    const waited = [plain, mine, alien].map(({ eventId }) => ({ projectId: 1, eventId, ingestId }));
    expect(await outcomes.find(waited)).toEqual([
      { kind: 'stored', byRequest: false },
      { kind: 'stored', byRequest: true },
      { kind: 'stored', byRequest: false },
    ]);
  });

  it('is not known before a consumer has committed it, nor by the id of another project', async () => {
    const event = anEvent({ projectId: 2 });
    const ingestId = randomUUID();
    await store({ event, ingestId });
    expect(await outcomes.find([{ projectId: 1, eventId: event.eventId, ingestId }])).toEqual([undefined]);
  });

  it('is a dead letter of the request, not of another one; what is stored counts first', async () => {
    const [dead, foreign, saved, ingestId] = [randomUUID(), randomUUID(), anEvent(), randomUUID()];
    await store(aLetter(dead, ingestId), aLetter(foreign, randomUUID()), aLetter(saved.eventId, ingestId), saved);
    const waited = [dead, foreign, saved.eventId].map((eventId) => ({ projectId: 1, eventId, ingestId }));
    expect(await outcomes.find(waited)).toEqual([
      { kind: 'dead-letter', reason: 'STORE_REFUSED', detail: 'No.' },
      undefined,
      { kind: 'stored', byRequest: false },
    ]);
  });

  it('writes the request into the ledger for the events that carry one only, the first of an id', async () => {
    const [waitedFor, plain, again, ingestId] = [anEvent(), anEvent(), anEvent(), randomUUID()];
    await store({ event: waitedFor, ingestId }, plain, again, { event: again, ingestId });
    await store({ event: waitedFor, ingestId: randomUUID() });
    const ids = await waitedIds();
    expect([waitedFor, plain, again].map(({ eventId }) => ids.get(eventId))).toEqual([ingestId, null, null]);
  });
});

describe('EventReader.several', () => {
  it('gives the stored events of the project', async () => {
    const [a, b, foreign] = [anEvent(), anEvent({ occurredAt: new Date('2016-02-27') }), anEvent({ projectId: 2 })];
    await store(a, b, foreign);
    const ids = [a.eventId, randomUUID(), b.eventId, foreign.eventId];
    const found = await new EventReader(db.database).several(1, ids, 1 << 20);
    expect(found.map(({ eventId }) => eventId).sort()).toEqual([a.eventId, b.eventId].sort());
  });
});

describe('a trace', () => {
  it('of a stored event has its place, its times and how often it came again', async () => {
    const event = anEvent({ receivedAt: new Date('2026-03-01T12:00:00.123Z') });
    const first = await store(event, event);
    await store(event);
    expect(await traces.find(1, event.eventId.toUpperCase())).toEqual({
      status: 'stored',
      partition: 7,
      offset: first,
      duplicates: 2,
      receivedAt: event.receivedAt,
      storedAt: expect.any(Date) as Date,
    });
  });

  it('of a dead letter has its place and reason, and says when it was discarded', async () => {
    const eventId = randomUUID();
    const first = await store(aLetter(eventId), aLetter(eventId));
    await db.database.query(`UPDATE dead_letters SET status = 'discarded' WHERE "offset" = $1`, [first + 1]);
    const expected = { status: 'dead_lettered', partition: 7, offset: first, reason: 'STORE_REFUSED' };
    expect(await traces.find(1, eventId)).toEqual(expected);
    await db.database.query(`UPDATE dead_letters SET status = 'discarded' WHERE event_id = $1`, [eventId]);
    expect(await traces.find(1, eventId)).toEqual({ ...expected, status: 'discarded', offset: first + 1 });
  });

  it('of a dead letter that was replayed and stored is that of the stored event', async () => {
    const event = anEvent();
    await store(aLetter(event.eventId), event);
    expect(await traces.find(1, event.eventId)).toMatchObject({ status: 'stored' });
  });

  it('is unknown for an id of nobody, or of another project', async () => {
    const foreign = anEvent({ projectId: 2 });
    await store(foreign, { ...aLetter(randomUUID()), projectId: 2 });
    expect(await traces.find(1, foreign.eventId)).toBeUndefined();
    expect(await traces.find(1, randomUUID())).toBeUndefined();
  });
});
