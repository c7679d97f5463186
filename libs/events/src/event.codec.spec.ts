import * as fc from 'fast-check';
import type { Event, JsonObject, StorableEvent } from './event';
import {
  decodeEvent,
  decodeStorableEvent,
  encodeEvent,
  MalformedEventError,
  NewerVersionError,
  partitionKey,
  toStorableEvent,
} from './event.codec';
import { JsonText } from './json-text';
import { parseEvent } from './parse-event';

const complete: Event = {
  projectId: 3,
  eventId: '0192f0c1-2345-7abc-8def-0123456789ab',
  name: 'order.paid',
  source: 'shop',
  userId: 'u:1',
  occurredAt: new Date('1969-12-31T23:59:59.999Z'),
  receivedAt: new Date('2026-03-01T12:00:00.001Z'),
  amount: 0.1,
  data: { a: [1, { b: 'é😀' }] },
  context: { ip: '::1' },
};
const bare: Event = {
  ...complete,
  source: undefined,
  userId: undefined,
  amount: undefined,
  data: {},
  context: undefined,
};

function wire(changes: Record<string, unknown>): Buffer {
  return Buffer.from(JSON.stringify({ ...(JSON.parse(encodeEvent(complete).toString()) as object), ...changes }));
}

it.each([complete, bare, { ...bare, occurredAt: new Date('0001-01-01T00:00:00Z') }])(
  'an event survives the wire: %o',
  (event) => {
    expect(decodeEvent(encodeEvent(event), event.projectId)).toEqual(event);
  },
);

it('whatever the door accepts survives the wire and reads back equal', () => {
  const receivedAt = new Date('2026-03-01T12:00:00.000Z');
  const input = fc.record(
    {
      name: fc.string({ minLength: 1, unit: 'binary' }),
      user_id: fc.string({ unit: 'grapheme' }),
      amount: fc.oneof(
        fc.double(),
        fc.integer(),
        fc.integer().map((cents) => cents / 100),
      ),
      data: fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' })),
    },
    { requiredKeys: ['name'] },
  );
  let kept = 0;
  fc.assert(
    fc.property(input, (body) => {
      const text = JSON.stringify(body);
      const parsed = parseEvent(JSON.parse(text), {
        projectId: 3,
        receivedAt,
        source: { json: new JsonText(text), path: [] },
      });
      if (!parsed.ok) return;
      kept += 1;
      const back = decodeEvent(encodeEvent(parsed.event), 3);
      expect(back).toEqual(parsed.event);
      expect(decodeStorableEvent(encodeEvent(parsed.event), 3)).toEqual(toStorableEvent(parsed.event));
      expect(back.data).toEqual((JSON.parse(text) as { data?: JsonObject }).data ?? {});
    }),
    { numRuns: 2000 },
  );
  expect(kept).toBeGreaterThan(500);
});

it.each([
  ['as this program writes it', encodeEvent({ ...bare, data: { x: ',"data":{}', data: { data: 1 } } })],
  ['with a context behind it', encodeEvent({ ...complete, data: { data: { data: 1 } } })],
  ['before other members', Buffer.from(encodeEvent(bare).toString().replace('{"v":1', '{"data":{"a":1},"v":1'))],
  [
    'with spaces',
    Buffer.from(
      encodeEvent(bare)
        .toString()
        .replaceAll(':', ' : ')
        .replaceAll(/(\d\d) : /g, '$1:'),
    ),
  ],
  ['twice', Buffer.from(encodeEvent(bare).toString().replace('"data":{}', '"data":{"a":1},"data":{"b":2}'))],
  ['in a name', encodeEvent({ ...bare, name: '","data":{"no":1},"', data: { yes: 1 } })],
])('a store gets the text of data, %s', (_, value) => {
  const { data } = decodeEvent(value, 3);
  expect(JSON.parse(decodeStorableEvent(value, 3).data)).toEqual(data);
});

it.each([
  '{"a":"\\u0000","a":1}',
  '{"a":"\\ud800","a":1}',
  '{"a":1e-20000}',
  '{"a":[1,1E-16000]}',
  '{"a":-1.5e300000,"a":1}',
  `{"a":0.${'1'.repeat(16_000)}}`,
  `{"a":[ ${'0.1'.padEnd(60, '3')}]}`,
])('a store gets what the rules have seen, not the text: %s', (data) => {
  const value = Buffer.from(encodeEvent(bare).toString().replace('"data":{}', `"data":${data}`));
  expect(decodeStorableEvent(value, 3)).toEqual(toStorableEvent(decodeEvent(value, 3)));
});

/** The event that comes out, or why none does. In `data` -0 is 0, as it is in JSON that JavaScript writes and in a jsonb. */
function outcomeOf(read: () => StorableEvent): unknown {
  try {
    const event = read();
    return { ...event, data: JSON.stringify(JSON.parse(event.data)) };
  } catch (error) {
    return (error as Error).message;
  }
}

function expectOneReading(text: string): void {
  const value = Buffer.from(text);
  const expected = outcomeOf(() => toStorableEvent(decodeEvent(value, 3)));
  expect(outcomeOf(() => decodeStorableEvent(value, 3))).toEqual(expected);
}

it.each([
  ['order.paid', 'x'.repeat(200)],
  ['order.paid', 'x'.repeat(201)],
  ['order.paid', ''],
  ['order.paid', 'a\u0001b'],
  ['order.paid', 'a\u007fb'],
  ['0192f0c1', '0192F0C1'],
  ['0192f0c1', '0192f0g1'],
  ['.999Z', '.999Y'],
  ['"v":1', '"v":2'],
  ['"data":{}', '"amount":-0,"data":{}'],
  ['"data":{}', '"amount":1.0123456789,"data":{}'],
  ['"data":{}', '"amount":01,"data":{}'],
  ['"data":{}', '"data":{"a":[1,]}'],
  ['"data":{}', '"data":{"a":[1 2]}'],
  ['"data":{}', '"data":{"a":1,}'],
  ['"data":{}', '"data":{"a":1"b":2}'],
  ['"data":{}', '"data":{"a":-.5}'],
  ['"data":{}', '"data":{"a":-0.0}'],
  ['"data":{}', '"data":{"a":"\u0001"}'],
  ['"data":{}', '"data":{"\u0001":1}'],
  ['"data":{}', '"data":{"a":12345678901234567890}'],
  ['"data":{}', '"data":{"a":1},"data":{"b":2}'],
  ['"data":{}', '"data":[]'],
])('a store gets the same event, or none, where %j has become %j', (before, after) => {
  expectOneReading(encodeEvent(bare).toString().replace(before, after));
});

it('a store gets what the event is, or hears that it is none, whatever a hand has changed in the text', () => {
  const piece = fc.constantFrom(
    ...[
      '"',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '0',
      '-',
      '.5',
      'e9',
      '1234567890123456',
      'true',
      'null',
      '\\',
      '\\u0000',
      ' ',
    ],
    ...[
      '\u007f',
      '\u0001',
      'é',
      '"v":1,',
      '"data":{},',
      '"a":1',
      '{"a":[]}',
      '[{"b":{"c":[[1,2]]}},"x"]',
      'A',
      'x'.repeat(200),
    ],
  );
  const change = fc.record({ at: fc.nat(999), cut: fc.nat(3), piece });
  const data = { a: 'b', list: [1, { deep: [[], {}] }, 'é'], n: -0.25, yes: true };
  fc.assert(
    fc.property(
      fc.constantFrom(bare, { ...complete, context: undefined }),
      fc.array(change, { maxLength: 2 }),
      (event, changes) => {
        let text = encodeEvent({ ...event, data }).toString();
        for (const { at, cut, piece } of changes) {
          const place = Math.floor((at / 1000) * text.length);
          text = text.slice(0, place) + piece + text.slice(place + cut);
        }
        expectOneReading(text);
      },
    ),
    { numRuns: 2000 },
  );
});

it.each<[string, Buffer]>([
  ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ['no JSON', Buffer.from('{')],
  ['empty', Buffer.alloc(0)],
  ['an array', Buffer.from('[]')],
  ['without version', wire({ v: undefined })],
  ['version 0', wire({ v: 0 })],
  ['version as text', wire({ v: '1' })],
  ['without id', wire({ event_id: undefined })],
  ['without data', wire({ data: null })],
  ['with NUL', wire({ data: { a: '\0' } })],
  ['with an unknown field', wire({ colour: 1 })],
  ['with a bad time', wire({ occurred_at: 'yesterday' })],
])('a value that is %s is malformed', (_, value) => {
  expect(() => decodeEvent(value, 1)).toThrow(MalformedEventError);
});

it('a newer version is not malformed', () => {
  expect(() => decodeEvent(wire({ v: 2, colour: 1 }), 1)).toThrow(NewerVersionError);
});

it('the key is the user within the project, or the event when there is no user', () => {
  expect(partitionKey(complete)).toBe('3:u:1');
  expect(partitionKey(bare)).toBe('3:0192f0c1-2345-7abc-8def-0123456789ab');
});
