import { cloudEventId, FieldErrors, JsonText, type JsonObject, type ParsedEvent } from '@app/events';
import { fromCloudEvent, readStructured } from './cloud-event.convert';
import { textPayload } from './payload';

const receivedAt = new Date('2026-03-01T12:00:00.000Z');
const acceptance = { projectId: 7, receivedAt };
const REQUIRED = { specversion: '1.0', id: 'A234', source: '/orders', type: 'order.paid' };

function parseText(text: string): ParsedEvent {
  return fromCloudEvent(readStructured(JSON.parse(text) as JsonObject, new JsonText(text), []), acceptance);
}

const parse = (members: object): ParsedEvent => parseText(JSON.stringify({ ...REQUIRED, ...members }));

/** The required attributes and these members, which are JSON as it stands. */
const parseWith = (members: string): ParsedEvent => parseText(`${JSON.stringify(REQUIRED).slice(0, -1)},${members}}`);

function refusals(parsed: ParsedEvent): string[] {
  return parsed.ok ? [] : parsed.errors.map(({ field, code }) => `${field}: ${code}`);
}

describe('a CloudEvent', () => {
  it('becomes an event with an id made of its source and id', () => {
    expect(parse({})).toEqual({
      ok: true,
      event: {
        projectId: 7,
        eventId: cloudEventId('/orders', 'A234'),
        name: 'order.paid',
        source: '/orders',
        userId: undefined,
        occurredAt: receivedAt,
        receivedAt,
        amount: undefined,
        data: {},
        context: { specversion: '1.0', id: 'A234' },
      },
    });
  });

  it('keeps every attribute: those with a field of their own there, the others in the context', () => {
    const parsed = parse({
      time: '2026-02-28T23:30:00.1239-01:00',
      subject: 'user-1',
      datacontenttype: 'application/json',
      dataschema: 'https://example.com/schema',
      flag: true,
      count: -3,
      traceparent: '00-4bf9',
      constructor: 'x',
      empty: '',
      gone: null,
      data: { total: 5 },
    });
    expect(parsed).toMatchObject({
      ok: true,
      event: { occurredAt: new Date('2026-03-01T00:30:00.123Z'), userId: 'user-1', data: { total: 5 } },
    });
    expect(parsed.ok && parsed.event.context).toEqual({
      specversion: '1.0',
      id: 'A234',
      datacontenttype: 'application/json',
      dataschema: 'https://example.com/schema',
      flag: true,
      count: -3,
      traceparent: '00-4bf9',
      constructor: 'x',
      empty: '',
    });
  });

  it.each([
    ['{"a":[1]}', { a: [1] }],
    ['[1,2]', { value: [1, 2] }],
    ['"text"', { value: 'text' }],
    ['5', { value: 5 }],
    ['false', { value: false }],
    ['null', { value: null }],
    ['{"value":1}', { value: 1 }],
    ['{"__proto__":{"a":1}}', JSON.parse('{"__proto__":{"a":1}}')],
  ])('with data %s has it as an object', (data, expected) => {
    const parsed = parseWith(`"data":${data}`);
    expect(parsed.ok && JSON.stringify(parsed.event.data)).toBe(JSON.stringify(expected));
  });

  it('with bytes has them as they are written', () => {
    expect(parse({ data_base64: 'AAEC/w==' })).toMatchObject({
      ok: true,
      event: { data: { data_base64: 'AAEC/w==' } },
    });
    expect(parse({ data_base64: null, data: 1 })).toMatchObject({ ok: true, event: { data: { value: 1 } } });
  });
});

describe('a CloudEvent is refused', () => {
  it.each([
    ['id', 'id: required'],
    ['source', 'source: required'],
    ['type', 'type: required'],
    ['specversion', 'specversion: required'],
  ])('without %s', (attribute, refusal) => {
    expect(refusals(parse({ [attribute]: undefined }))).toEqual([refusal]);
    expect(refusals(parse({ [attribute]: null }))).toEqual([refusal]);
  });

  it('with all that is wrong with it', () => {
    expect(refusals(parseText('{}'))).toEqual([
      'specversion: required',
      'id: required',
      'source: required',
      'type: required',
    ]);
  });

  it.each<[string, string]>([
    ['"specversion":"0.3"', 'specversion: format'],
    ['"specversion":1.0', 'specversion: format'],
    ['"id":""', 'id: length'],
    ['"id":7', 'id: type'],
    [`"id":"${'x'.repeat(201)}"`, 'id: length'],
    ['"id":"a\\u0000b"', 'id: control_character'],
    [`"source":"${'x'.repeat(201)}"`, 'source: length'],
    ['"source":""', 'source: length'],
    ['"type":{}', 'type: type'],
    ['"subject":""', 'subject: length'],
    ['"time":"2026-01-01 00:00:00Z"', 'time: format'],
    ['"time":"2026-03-03T12:00:00Z"', 'time: future'],
    ['"time":1767225600', 'time: type'],
    ['"datacontenttype":""', 'datacontenttype: length'],
    ['"dataschema":""', 'dataschema: length'],
    ['"dataschema":false', 'dataschema: type'],
    ['"datacontenttype":1', 'datacontenttype: type'],
    ['"userId":"1"', 'userId: format'],
    ['"my_ext":1', 'my_ext: format'],
    ['"a b":1', '["a b"]: format'],
    ['"__proto__":"x"', '__proto__: format'],
    ['"ext":1.5', 'ext: number'],
    ['"ext":1e400', 'ext: number'],
    ['"ext":2147483648', 'ext: range'],
    ['"ext":-2147483649', 'ext: range'],
    ['"ext":{}', 'ext: type'],
    ['"ext":[]', 'ext: type'],
    ['"ext":"a\\nb"', 'ext: control_character'],
    ['"ext":"\\ud800"', 'ext: lone_surrogate'],
    ['"data":1,"data_base64":"AA=="', 'data_base64: conflict'],
    ['"data_base64":"AA"', 'data_base64: format'],
    ['"data_base64":"A-_="', 'data_base64: format'],
    ['"data_base64":7', 'data_base64: type'],
    ['"data":{"a":"\\u0000"}', 'data.a: nul'],
    ['"data":"\\u0000"', 'data: nul'],
    ['"data":[1,{"b":"\\udfff"}]', 'data[1].b: lone_surrogate'],
    ['"data":{"a":9007199254740993}', 'data.a: number'],
    ['"data":9007199254740993', 'data: number'],
    ['"data":[0,9007199254740993]', 'data[1]: number'],
    ['"data":1e400', 'data: number'],
    [`"data":"${'x'.repeat(262_144)}"`, 'data: size'],
    [`"data_base64":"${'A'.repeat(262_144)}"`, 'data_base64: size'],
    [`"ext":"${'x'.repeat(262_144)}"`, 'context: size'],
  ])('with %.60s', (members, refusal) => {
    expect(refusals(parseWith(members))).toEqual([refusal]);
  });

  it('for an integer that JSON.parse has rounded, and takes what was written as an approximation', () => {
    expect(parseWith('"data":[9007199254740993.0]')).toMatchObject({ ok: true });
  });

  it('with the names of its headers, when it came in headers', () => {
    const event = { attributes: { time: 'now', 'a-b': '1' }, prefix: 'ce-', payload: textPayload('\0') } as const;
    expect(refusals(fromCloudEvent({ ...event, errors: new FieldErrors() }, acceptance))).toEqual([
      'ce-specversion: required',
      'ce-id: required',
      'ce-source: required',
      'ce-a-b: format',
      'ce-time: format',
      'data: nul',
      'ce-type: required',
    ]);
  });
});
