import { encodeEvent, parseEvent, toStorableEvent, type Event } from '@app/events';
import type { LogRecord, PartitionBatch } from '@app/messaging';
import { decide } from './decide';

function anEvent(body: Record<string, unknown> = {}): Event {
  const parsed = parseEvent({ name: 'n', ...body }, { projectId: 1, receivedAt: new Date() });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return parsed.event;
}

const HEADERS = { project: Buffer.from('1'), request_id: Buffer.from('r') };

function batchOf(partition: number, ...values: (Buffer | null | Partial<LogRecord>)[]): PartitionBatch {
  const records = values.map((value, index): LogRecord => {
    const plain = { offset: 100 + index, key: null, value: null, headers: HEADERS };
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
    stage: 'decode',
    reason: 'MALFORMED_EVENT',
  };
  expect(outcomes).toEqual([
    { partition: 3, offset: 100, kind: 'dead-letter', letter: expect.objectContaining(expected) as unknown },
  ]);
  expect(held).toEqual([]);
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
