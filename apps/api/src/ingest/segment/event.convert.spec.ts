import { JsonText, segmentEventId, type Event, type FieldError, type ParsedEvent } from '@app/events';
import { fromSegmentMessage } from './event.convert';
import { MessageSource } from './message-source';
import { toSegmentBatch } from './segment-batch';

const receivedAt = new Date('2026-11-21T12:00:00.000Z');

function convert(messages: string, shared = ''): ParsedEvent {
  const text = `{"writeKey":"mr_secret"${shared},"batch":[${messages}]}`;
  const batch = toSegmentBatch(JSON.parse(text), text, 'batch');
  const source = { json: new MessageSource(new JsonText(text), ['batch', 0]), path: [] };
  const arrival = { projectId: 7, receivedAt, source, shared: batch.shared };
  return fromSegmentMessage(batch.messages[0], arrival);
}

function eventOf(message: object, shared = ''): Event {
  const parsed = convert(JSON.stringify(message), shared);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return parsed.event;
}

function errorsOf(message: string, shared = ''): Pick<FieldError, 'field' | 'code'>[] {
  const parsed = convert(message, shared);
  return parsed.ok ? [] : parsed.errors.map(({ field, code }) => ({ field, code }));
}

describe('fromSegmentMessage', () => {
  it.each([
    [{ type: 'track', event: 'Order Done', properties: { n: 1 } }, 'Order Done', { n: 1 }],
    [{ type: 'page', name: 'Home', properties: { n: 1 } }, 'segment.page', { n: 1 }],
    [{ type: 'screen', name: 'Home', properties: { n: 1 } }, 'segment.screen', { n: 1 }],
    [{ type: 'identify', traits: { n: 1 } }, 'segment.identify', { n: 1 }],
    [{ type: 'group', groupId: 'g', traits: { n: 1 } }, 'segment.group', { n: 1 }],
    [{ type: 'alias', previousId: 'p' }, 'segment.alias', {}],
  ])('names %j and takes its data', (message, name, data) => {
    expect(eventOf({ userId: 'u', ...message })).toMatchObject({ name, data, userId: 'u', projectId: 7, receivedAt });
  });

  it('keeps the rest in the context, and the write key nowhere', () => {
    const message = {
      type: 'page',
      name: 'Home',
      userId: 'u',
      anonymousId: 'a',
      messageId: 'm-1',
      writeKey: 'mr_secret',
      timestamp: '2026-11-21T10:00:00.000Z',
      sentAt: '2026-11-21T11:00:00.000Z',
      context: { ip: '1.2.3.4', writeKey: 'mr_secret' },
      integrations: { All: true },
      _metadata: { bundled: [] },
    };
    const event = eventOf(message);
    expect(event.context).toEqual({
      type: 'page',
      name: 'Home',
      anonymousId: 'a',
      messageId: 'm-1',
      originalTimestamp: '2026-11-21T10:00:00.000Z',
      sentAt: '2026-11-21T11:00:00.000Z',
      context: { ip: '1.2.3.4' },
      integrations: { All: true },
      _metadata: { bundled: [] },
    });
    expect(event.occurredAt.toISOString()).toBe('2026-11-21T11:00:00.000Z');
    expect(event.eventId).toBe(segmentEventId('m-1'));
  });

  it.each([
    [{ userId: 'u', anonymousId: 'a' }, 'u'],
    [{ anonymousId: 'a' }, 'a'],
    [{ userId: '', anonymousId: 'a' }, 'a'],
    [{ userId: null, anonymousId: 'a' }, 'a'],
    [{ userId: 42 }, '42'],
    [{}, undefined],
  ])('takes the user of %j', (ids, userId) => {
    expect(eventOf({ type: 'track', event: 'x', ...ids }).userId).toBe(userId);
  });

  it('gives a message without an id one of its own, and without a time the one at which it came', () => {
    const [one, two] = [eventOf({ type: 'track', event: 'x' }), eventOf({ type: 'track', event: 'x' })];
    expect(one.eventId).not.toBe(two.eventId);
    expect(one.eventId[14]).toBe('7');
    expect(one.occurredAt).toEqual(receivedAt);
  });

  it('takes what a batch says for all, where a message does not say it itself', () => {
    const shared = ',"sentAt":"2026-11-21T11:00:00Z","context":{"ip":"1","app":"a"},"integrations":{"All":false}';
    const message = { type: 'track', event: 'x', timestamp: '2026-11-21T10:00:00Z', context: { app: 'b' } };
    const event = eventOf({ ...message, sentAt: '2026-11-21T10:00:00Z' }, shared);
    expect(event.occurredAt.toISOString()).toBe('2026-11-21T11:00:00.000Z');
    expect(event.context).toMatchObject({ context: { ip: '1', app: 'b' }, integrations: { All: false } });
  });

  it('takes __proto__ for the ordinary key that it is', () => {
    const parsed = convert('{"type":"track","event":"x","__proto__":{"a":1},"context":{"__proto__":{"b":2}}}');
    const context = parsed.ok ? parsed.event.context : undefined;
    expect(JSON.stringify(context)).toContain('"__proto__":{"a":1}');
    expect(JSON.stringify(context)).toContain('"__proto__":{"b":2}');
  });

  it.each([
    ['42', '', 'type'],
    ['null', '', 'type'],
    ['{"event":"x"}', 'type', 'required'],
    ['{"type":"video"}', 'type', 'format'],
    ['{"type":"track"}', 'event', 'required'],
    ['{"type":"track","event":""}', 'event', 'length'],
    [`{"type":"track","event":"${'x'.repeat(201)}"}`, 'event', 'length'],
    ['{"type":"track","event":5}', 'event', 'type'],
    ['{"type":"page","userId":{}}', 'userId', 'type'],
    ['{"type":"page","userId":9007199254740993}', 'userId', 'type'],
    [`{"type":"page","anonymousId":"${'x'.repeat(201)}"}`, 'anonymousId', 'length'],
    ['{"type":"page","messageId":5}', 'messageId', 'type'],
    ['{"type":"page","messageId":"a\\u0000b"}', 'messageId', 'nul'],
    ['{"type":"page","timestamp":"yesterday"}', 'timestamp', 'format'],
    ['{"type":"page","timestamp":1700000000}', 'timestamp', 'type'],
    ['{"type":"page","originalTimestamp":"yesterday"}', 'originalTimestamp', 'format'],
    ['{"type":"page","properties":[]}', 'properties', 'type'],
    ['{"type":"page","properties":{"x":"\\u0000"}}', 'properties.x', 'nul'],
    ['{"type":"page","properties":{"x":1e400}}', 'properties.x', 'number'],
    ['{"type":"page","properties":{"x":9007199254740993}}', 'properties.x', 'number'],
    ['{"type":"identify","traits":{"x":"\\ud800"}}', 'traits.x', 'lone_surrogate'],
    ['{"type":"page","context":{"x":9007199254740993}}', 'context.x', 'number'],
    ['{"type":"page","context":{"x":"\\u0000"}}', 'context.x', 'nul'],
    ['{"type":"page","odd key":"\\u0000"}', '["odd key"]', 'nul'],
    [`{"type":"page","context":{"x":"${'x'.repeat(262_144)}"}}`, 'context', 'size'],
    [`{"type":"page","properties":{"x":"${'x'.repeat(262_144)}"}}`, 'properties', 'size'],
    [`{"type":"page","context":${'{"a":'.repeat(32)}{}${'}'.repeat(32)}}`, `context${'.a'.repeat(31)}`, 'depth'],
  ])('refuses %.60s', (message, field, code) => {
    expect(errorsOf(message)).toEqual([{ field, code }]);
  });

  it('refuses each message for what its batch says of all', () => {
    expect(errorsOf('{"type":"page"}', ',"context":{"n":9007199254740993}')).toEqual([
      { field: 'context.n', code: 'number' },
    ]);
  });

  it.each(['context', 'integrations'])('keeps no write key in a list that is sent as %s', (key) => {
    const list = [1, { writeKey: 'mr_secret', a: 2 }];
    expect(eventOf({ type: 'page', [key]: list }).context).toMatchObject({ [key]: [1, { a: 2 }] });
    expect(eventOf({ type: 'page' }, `,"${key}":{"b":1,"writeKey":"mr_secret"}`).context).toMatchObject({
      [key]: { b: 1 },
    });
    expect(JSON.stringify(eventOf({ type: 'page', [key]: list }).context)).not.toContain('mr_secret');
  });

  it.each(['context', 'integrations'])(
    'refuses messages for a %s of 20,000 levels, their own or the batch’s',
    (key) => {
      for (const [open, close] of [
        ['{"a":', '}'],
        ['[', ']'],
      ] as const) {
        const deep = `{"a":${open.repeat(20_000)}1${close.repeat(20_000)}}`;
        expect(errorsOf(`{"type":"page","${key}":${deep}}`)).toMatchObject([{ code: 'depth' }]);
        expect(errorsOf('{"type":"page"}', `,"${key}":${deep}`)).toMatchObject([{ code: 'depth' }]);
        expect(errorsOf(`{"type":"page","${key}":{"b":1}}`, `,"${key}":${deep}`)).toMatchObject([{ code: 'depth' }]);
      }
    },
  );
});
