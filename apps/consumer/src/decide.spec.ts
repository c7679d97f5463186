import { encodeEvent, parseEvent, toStorableEvent, type Event } from '@app/events';
import { toRefusedRecord, type LogRecord, type PartitionBatch } from '@app/messaging';
import type { NewDeadLetter } from '@app/persistence';
import { decide } from './decide';

function anEvent(body: Record<string, unknown> = {}): Event {
  const parsed = parseEvent({ name: 'n', ...body }, { projectId: 1, receivedAt: new Date() });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return parsed.event;
}

const HEADERS = { project: Buffer.from('1'), request_id: Buffer.from('r') };

function batchOf(partition: number, ...values: (Buffer | null | Partial<LogRecord>)[]): PartitionBatch {
  const records = values.map((value, index): LogRecord => {
    const plain = { offset: 100 + index, loggedAt: 7, key: null, value: null, headers: HEADERS };
    return Buffer.isBuffer(value) || value === null ? { ...plain, value } : { ...plain, ...value };
  });
  return { topic: 't', partition, logEnd: 100 + values.length, records };
}

function newer(event: Event): Buffer {
  return Buffer.from(encodeEvent(event).toString().replace('"v":1', '"v":2'));
}

it('persists what it can read, in the order of the log', () => {
  const [a, b] = [anEvent(), anEvent()];
  expect(decide([batchOf(0, encodeEvent(a)), batchOf(1, encodeEvent(b))])).toEqual({
    outcomes: [
      { partition: 0, offset: 100, kind: 'persist', event: toStorableEvent(a) },
      { partition: 1, offset: 100, kind: 'persist', event: toStorableEvent(b) },
    ],
    held: [],
  });
});

it.each([
  ['0192F0C1-2345-7abc-8def-0123456789ab', '0192f0c1-2345-7abc-8def-0123456789ab'],
  ['no uuid', undefined],
])('passes on who waits for the row: %s', (header, ingestId) => {
  const headers = { ...HEADERS, ingest_id: Buffer.from(header) };
  const { outcomes } = decide([batchOf(0, { value: encodeEvent(anEvent()), headers })]);
  expect(outcomes).toMatchObject([{ kind: 'persist', ingestId }]);
});

it.each<[string, Partial<LogRecord>, number]>([
  ['null', { value: null }, 1],
  ['garbage', { value: Buffer.from([0xff, 0x00]) }, 1],
  ['foreign JSON', { value: Buffer.from('{"hello":"world"}') }, 1],
  ['without the header project', { value: encodeEvent(anEvent()), headers: {} }, 1],
  ['with a project that is no number', { value: encodeEvent(anEvent()), headers: { project: Buffer.from('x') } }, 1],
  ['with a project beyond int4', { value: encodeEvent(anEvent()), headers: { project: Buffer.from('2147483648') } }, 1],
  ['of another project and malformed', { value: Buffer.from('{}'), headers: { project: Buffer.from('42') } }, 42],
])('makes a record that is %s a dead letter, whole', (_, record, projectId) => {
  const key = Buffer.from('k');
  const { outcomes, held } = decide([batchOf(3, { ...record, key })]);
  const expected = {
    projectId,
    key,
    value: record.value,
    headers: record.headers ?? HEADERS,
    loggedAt: 7,
    stage: 'decode',
    reason: 'MALFORMED_EVENT',
  };
  expect(outcomes).toEqual([
    { partition: 3, offset: 100, kind: 'dead-letter', letter: expect.objectContaining(expected) as unknown },
  ]);
  expect(held).toEqual([]);
});

describe('a record that a door has refused', () => {
  const refused = { projectId: 42, door: 'segment', reason: 'INVALID', detail: 'type is missing' };
  const eventId = '018f4e6a-7c1e-7d2b-9a3f-5b6c7d8e9f00';

  function letterOf(record: Partial<LogRecord>): NewDeadLetter {
    const [outcome] = decide([batchOf(0, record)]).outcomes;
    if (outcome?.kind !== 'dead-letter') throw new Error('It is no dead letter.');
    return outcome.letter;
  }

  it('is a dead letter of stage accept with the words of the door, also when its value would be an event', () => {
    const value = encodeEvent(anEvent());
    const record = toRefusedRecord({ ...refused, eventId, value }, { requestId: 'r' });
    expect(letterOf(record)).toMatchObject({
      projectId: 42,
      value,
      stage: 'accept',
      reason: 'INVALID',
      detail: 'type is missing',
      eventId,
    });
  });

  it('is one though it is no JSON and has no id', () => {
    const record = toRefusedRecord({ ...refused, eventId: undefined, value: Buffer.from('{') }, { requestId: 'r' });
    expect(letterOf(record)).toMatchObject({ stage: 'accept', eventId: undefined });
  });

  it('is one though its headers are not those of a door', () => {
    const headers = { refused: Buffer.from(''), refused_detail: Buffer.alloc(2000, 'x'), event_id: Buffer.from('x') };
    expect(letterOf({ headers })).toMatchObject({
      projectId: 1,
      reason: 'REFUSED',
      detail: 'x'.repeat(1000),
      eventId: undefined,
    });
  });
});

it.each<[string, string, string | undefined]>([
  ['a JSON object', `{"event_id":"018F4E6A-7C1E-7D2B-9A3F-5B6C7D8E9F00"}`, '018f4e6a-7c1e-7d2b-9a3f-5b6c7d8e9f00'],
  ['an id that is no UUID', `{"event_id":"x"}`, undefined],
  ['an id that is no string', `{"event_id":{}}`, undefined],
  ['no object', `null`, undefined],
  ['no JSON', `{"event_id"`, undefined],
])('tells the id of a dead letter where it can be told: %s', (_, value, eventId) => {
  const { outcomes } = decide([batchOf(0, Buffer.from(value))]);
  expect(outcomes).toMatchObject([{ kind: 'dead-letter', letter: { eventId } }]);
});

it.each([
  ['018f4e6a-7c1e-7d2b-9a3f-5b6c7d8e9f00', '018f4e6a-7c1e-7d2b-9a3f-5b6c7d8e9f00'],
  ['no UUID', undefined],
])('tells who waits for a dead letter: %s', (text, ingestId) => {
  const { outcomes } = decide([batchOf(0, { headers: { ...HEADERS, ingest_id: Buffer.from(text) } })]);
  expect(outcomes).toMatchObject([{ kind: 'dead-letter', letter: { ingestId } }]);
});

it.each<[string, object | undefined]>([
  ['12', { letterId: '12', value: Buffer.from('{}') }],
  ['0', undefined],
  ['12 OR 1=1', undefined],
  ['9999999999999999999', undefined],
])('reads which dead letter a record says it was: %s', (text, replay) => {
  const record = { value: Buffer.from('{}'), headers: { ...HEADERS, replay_of: Buffer.from(text) } };
  const [outcome] = decide([batchOf(0, record)]).outcomes;
  expect(outcome?.replay).toEqual(replay);
});

it('holds a partition at a record of a newer version, and only that partition', () => {
  const event = anEvent();
  const decision = decide([
    batchOf(0, encodeEvent(anEvent()), newer(event), encodeEvent(anEvent())),
    batchOf(1, encodeEvent(anEvent())),
  ]);
  expect(decision.outcomes.map(({ partition, offset }) => [partition, offset])).toEqual([
    [0, 100],
    [1, 100],
  ]);
  expect(decision.held).toEqual([
    { partition: 0, offset: 101, reason: expect.stringContaining('wire version 2') as unknown },
  ]);
});

it('says a thousand characters of what is wrong with a record', () => {
  const unknown = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`a${n}\0`, n]));
  const wire = { v: 1, name: 'n'.repeat(5000), data: { ['k'.repeat(5000)]: unknown } };
  const [outcome] = decide([batchOf(0, Buffer.from(JSON.stringify(wire)))]).outcomes;
  const letter = outcome?.kind === 'dead-letter' ? outcome.letter : undefined;
  expect(letter).toMatchObject({ stage: 'decode' });
  expect(letter!.detail.length).toBeLessThanOrEqual(1000);
});
