import { JsonText } from './json-text';
import { parseEvent } from './parse-event';
import type { Event } from './event';

const receivedAt = new Date('2026-03-01T12:00:00.000Z');

function parse(input: unknown): ReturnType<typeof parseEvent> {
  return parseEvent(input, { projectId: 7, receivedAt });
}

function parseText(text: string): ReturnType<typeof parseEvent> {
  return parseEvent(JSON.parse(text), { projectId: 7, receivedAt, source: { json: new JsonText(text), path: [] } });
}

function accepted(input: unknown): Event {
  const parsed = parse(input);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return parsed.event;
}

function refusals(parsed: ReturnType<typeof parseEvent>): string[] {
  return parsed.ok ? [] : parsed.errors.map((error) => `${error.field}: ${error.code}`);
}

function nested(depth: number): unknown {
  return depth === 1 ? {} : { a: nested(depth - 1) };
}

describe('an accepted event', () => {
  it('gets an id, the receive time and empty data when it brings just a name', () => {
    const event = accepted({ name: 'user.created' });
    expect(event).toEqual({
      projectId: 7,
      eventId: event.eventId,
      name: 'user.created',
      source: undefined,
      userId: undefined,
      occurredAt: receivedAt,
      receivedAt,
      amount: undefined,
      data: {},
      context: undefined,
    });
    expect(event.eventId).toMatch(/^[0-9a-f-]{14}7/);
  });

  it('keeps every field, the id in lower case and the time in UTC', () => {
    const event = accepted({
      event_id: 'C232AB00-9414-11EC-B3C8-9F6BDECED846',
      name: 'order.paid',
      source: 'shop',
      user_id: 'u1',
      occurred_at: '2026-02-28T23:30:00.1239-01:00',
      amount: 12.5,
      data: { items: [1, 'two', null, { deep: true }] },
    });
    expect(event).toMatchObject({
      eventId: 'c232ab00-9414-11ec-b3c8-9f6bdeced846',
      source: 'shop',
      userId: 'u1',
      occurredAt: new Date('2026-03-01T00:30:00.123Z'),
      amount: 12.5,
      data: { items: [1, 'two', null, { deep: true }] },
    });
  });

  it('takes null as missing', () => {
    const event = accepted({
      name: 'n',
      event_id: null,
      source: null,
      user_id: null,
      amount: null,
      data: null,
      timestamp: null,
    });
    expect(event).toMatchObject({ source: undefined, amount: undefined, data: {}, occurredAt: receivedAt });
  });

  it.each([['event_type'], ['type'], ['name']])('takes %s as the name', (key) => {
    expect(accepted({ [key]: 'n' }).name).toBe('n');
  });

  it.each([['properties'], ['payload'], ['data']])('takes %s as the data', (key) => {
    expect(accepted({ name: 'n', [key]: { a: 1 } }).data).toEqual({ a: 1 });
  });

  it('counts code points, not UTF-16 units', () => {
    expect(accepted({ name: '😀'.repeat(200) }).name).toHaveLength(400);
    expect(refusals(parse({ name: '😀'.repeat(201) }))).toEqual(['name: length']);
  });

  it('treats __proto__ as an ordinary key', () => {
    const parsed = parseText('{"name":"n","data":{"__proto__":{"x":1},"constructor":2}}');
    expect(parsed.ok && JSON.stringify(parsed.event.data)).toBe('{"__proto__":{"x":1},"constructor":2}');
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it.each([
    ['9007199254740991', 9007199254740991],
    ['9007199254740993.0', 9007199254740992],
    ['1e20', 1e20],
    ['1.5', 1.5],
    ['5e-324', 5e-324],
    ['-0', 0],
  ])('reads the number %s in data as the nearest double', (literal, value) => {
    const parsed = parseText(`{"name":"n","data":{"n":${literal}}}`);
    expect(parsed.ok && JSON.parse(JSON.stringify(parsed.event.data))).toEqual({ n: value });
  });

  it.each([0, -0, 0.1, -999999999999999, 1e17, 0.000000001, 123456789.123456789])('takes the amount %d', (amount) => {
    expect(accepted({ name: 'n', amount }).amount).toBe(amount === 0 ? 0 : amount);
  });

  it('may have data of 32 levels and of 262,144 bytes', () => {
    expect(parse({ name: 'n', data: nested(32) }).ok).toBe(true);
    expect(parse({ name: 'n', data: { a: 'x'.repeat(262_144 - 8) } }).ok).toBe(true);
    expect(parse({ name: 'n', data: { a: 'é'.repeat((262_144 - 8) / 2) } }).ok).toBe(true);
  });
});

describe('a refused event', () => {
  it.each<[string, unknown, string[]]>([
    ['no object', [], [': type']],
    ['null', null, [': type']],
    ['text', 'x', [': type']],
    ['no name', {}, ['name: required']],
    ['a name that is null', { name: null }, ['name: required']],
    ['an empty name', { name: '' }, ['name: length']],
    ['a long name', { name: 'x'.repeat(201) }, ['name: length']],
    ['a name that is no string', { name: 1 }, ['name: type']],
    ['a line feed in the name', { name: 'a\nb' }, ['name: control_character']],
    ['DEL in the source', { name: 'n', source: 'a\u007f' }, ['source: control_character']],
    ['C1 in the user', { name: 'n', user_id: 'a\u0085' }, ['user_id: control_character']],
    ['NUL in the user', { name: 'n', user_id: 'a\0' }, ['user_id: control_character']],
    ['half a pair in the name', { name: 'a\ud800' }, ['name: lone_surrogate']],
    ['the client name of the field', { event_type: 5 }, ['event_type: type']],
    ['an id that is no UUID', { name: 'n', event_id: 'abc' }, ['event_id: format']],
    ['an id that is a number', { name: 'n', event_id: 5 }, ['event_id: type']],
    ['an impossible day', { name: 'n', occurred_at: '2026-02-30T00:00:00Z' }, ['occurred_at: format']],
    ['a time without zone', { name: 'n', timestamp: '2026-01-01T00:00:00' }, ['timestamp: format']],
    ['a time that is a number', { name: 'n', occurred_at: 1767225600 }, ['occurred_at: type']],
    ['a time 24 h and 1 ms ahead', { name: 'n', occurred_at: '2026-03-02T12:00:00.001Z' }, ['occurred_at: future']],
    ['year 9999', { name: 'n', occurred_at: '9999-12-31T23:59:59Z' }, ['occurred_at: future']],
    ['an amount as text', { name: 'n', amount: '5' }, ['amount: type']],
    ['an amount of 10^18', { name: 'n', amount: 1e18 }, ['amount: range']],
    ['an amount with 10 decimals', { name: 'n', amount: 0.0123456789 }, ['amount: decimals']],
    ['an amount of 1e-10', { name: 'n', amount: 1e-10 }, ['amount: decimals']],
    ['an infinite amount', { name: 'n', amount: Infinity }, ['amount: number']],
    ['data that is an array', { name: 'n', data: [] }, ['data: type']],
    ['data that is text', { name: 'n', payload: '{}' }, ['payload: type']],
    ['an unknown field', { name: 'n', colour: 1 }, ['colour: unknown_field']],
    ['an unknown field that is null', { name: 'n', colour: null }, ['colour: unknown_field']],
    ['an odd unknown field', { name: 'n', 'a.b': 1 }, ['["a.b"]: unknown_field']],
    ['context, which only doors may set', { name: 'n', context: {} }, ['context: unknown_field']],
    ['two names of the name', { name: 'n', type: 'm' }, ['type: conflict']],
    ['two names of the data', { name: 'n', data: {}, properties: {} }, ['properties: conflict']],
    ['NUL deep in data', { name: 'n', data: { items: [0, { price: '\0' }] } }, ['data.items[1].price: nul']],
    ['NUL in a key', { name: 'n', data: { 'a\0': 1 } }, ['data["a\\u0000"]: nul']],
    ['half a pair in data', { name: 'n', data: { 'a.b': '\udc00' } }, ['data["a.b"]: lone_surrogate']],
    ['a number beyond double', { name: 'n', data: { a: JSON.parse('1e400') as unknown } }, ['data.a: number']],
    ['33 levels', { name: 'n', data: nested(33) }, [`data${'.a'.repeat(32)}: depth`]],
    ['data of 262,145 bytes', { name: 'n', data: { a: 'x'.repeat(262_144 - 7) } }, ['data: size']],
    [
      'data that grows past the limit when written compactly',
      { name: 'n', data: { a: Array(20_000).fill(1e20) } },
      ['data: size'],
    ],
  ])('is one with %s', (_, input, expected) => {
    expect(refusals(parse(input))).toEqual(expected);
  });

  it.each(['9007199254740992', '-9007199254740993', '100000000000000000000'])(
    'holds the integer %s, which a double cannot',
    (literal) => {
      expect(refusals(parseText(`{"name":"n","data":{"ids":[1,${literal}]}}`))).toEqual(['data.ids[1]: number']);
      expect(refusals(parseText(`{"name":"n","amount":${literal}}`))).toContain('amount: number');
    },
  );

  it('names all of its problems at once, up to ten', () => {
    expect(refusals(parse({ source: '', amount: 'x', colour: 1 }))).toEqual([
      'colour: unknown_field',
      'source: length',
      'amount: type',
      'name: required',
    ]);
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`f${index}`, 1]));
    expect(refusals(parse(many))).toHaveLength(10);
  });

  it('survives data nested a hundred thousand deep behind ten other mistakes', () => {
    const unknown = Array.from({ length: 10 }, (_, index) => `"f${index}":1`).join();
    const text = `{${unknown},"name":"n","data":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`;
    expect(refusals(parseText(text))).toHaveLength(10);
  });

  it('costs no more than its size when it is full of large numbers that are legal', () => {
    const text = `{"name":"n","data":{"a":[${Array(40_000).fill('1e20').join()}]}}`;
    const started = performance.now();
    expect(refusals(parseText(text))).toEqual(['data: size']);
    expect(performance.now() - started).toBeLessThan(2000); // one scan per number took minutes
  });

  it('survives data nested a hundred thousand deep', () => {
    const text = `{"name":"n","data":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`;
    expect(refusals(parseText(text))).toEqual([`data${'.a'.repeat(32)}: depth`]);
  });
});
