import { idempotencyEventId, type ParsedEvent } from '@app/events';
import { ProblemError } from '../../transport/problem';
import { readIdempotencyKey } from './idempotency-key';
import { parseJsonEvents, parseNdjsonEvents, type BodyOrigin } from './native-events';

const origin: BodyOrigin = { projectId: 1, receivedAt: new Date('2026-03-01T12:00:00Z'), idempotencyKey: undefined };
const id = '0192f0c1-2345-7abc-8def-0123456789ab';

function names(events: readonly ParsedEvent[]): (string | null)[] {
  return events.map((entry) => (entry.ok ? entry.event.name : null));
}

function ids(events: readonly ParsedEvent[]): (string | null)[] {
  return events.map((entry) => (entry.ok ? entry.event.eventId : null));
}

function refusalOf(parse: () => unknown): unknown {
  try {
    parse();
  } catch (error) {
    if (error instanceof ProblemError) return error.problem;
    throw error;
  }
  return undefined;
}

describe('an NDJSON body', () => {
  it('has one event a line; blank lines do not count, the last newline may be missing', () => {
    const { batch, events } = parseNdjsonEvents('\n{"name":"a"}\r\n \t\r\n{"name":"b"}\n\n{"name":"c"}', origin);
    expect(batch).toBe(true);
    expect(names(events)).toEqual(['a', 'b', 'c']);
  });

  it('is a batch with one line too', () => {
    expect(parseNdjsonEvents('{"name":"a"}\n', origin)).toMatchObject({ batch: true });
  });

  it('refuses a line that is no JSON, or no event, and takes the others', () => {
    const { events } = parseNdjsonEvents('{"name":"a"}\n\n{"name":\n[{"name":"b"}]\n7\n{"name":"c"}', origin);
    expect(names(events)).toEqual(['a', null, null, null, 'c']);
    expect(events[1]).toMatchObject({ errors: [{ field: '', code: 'format' }] });
    expect(events[2]).toMatchObject({ errors: [{ field: '', code: 'type' }] });
  });

  it('refuses an integer that a double cannot hold, in its own line only', () => {
    const lines = ['{"name":"a","data":{"n":9007199254740992.0}}', '{"name":"b","data":{"n":9007199254740993}}'];
    const { events } = parseNdjsonEvents(lines.join('\n'), origin);
    expect(names(events)).toEqual(['a', null]);
    expect(events[1]).toMatchObject({ errors: [{ field: 'data.n', code: 'number' }] });
  });

  it.each(['', '\n \r\n'])('of no event (%j) is refused', (text) => {
    expect(refusalOf(() => parseNdjsonEvents(text, origin))).toMatchObject({ status: 422 });
  });

  it('has up to 1000 events, bad lines included', () => {
    const lines = Array.from({ length: 1000 }, () => '{');
    expect(parseNdjsonEvents(`${lines.join('\n')}\n\n`, origin).events).toHaveLength(1000);
    expect(refusalOf(() => parseNdjsonEvents([...lines, '{'].join('\n'), origin))).toMatchObject({ status: 422 });
  });
});

describe('an Idempotency-Key', () => {
  const keyed = { ...origin, idempotencyKey: 'order-1' };

  it('is the id of an event that brings none', () => {
    expect(ids(parseJsonEvents('{"name":"a"}', keyed).events)).toEqual([idempotencyEventId('order-1')]);
    expect(ids(parseJsonEvents('{"name":"a","event_id":null}', keyed).events)).toEqual([idempotencyEventId('order-1')]);
  });

  it('gives way to the id in the body', () => {
    expect(ids(parseJsonEvents(`{"name":"a","event_id":"${id}"}`, keyed).events)).toEqual([id]);
  });

  it('and its place are the id of an event of a batch, in either form', () => {
    const expected = [idempotencyEventId('order-1', 0), null, id, idempotencyEventId('order-1', 3)];
    const events = ['{"name":"a"}', '{"name":""}', `{"name":"b","event_id":"${id}"}`, '{"name":"c"}'];
    expect(ids(parseJsonEvents(`[${events.join(',')}]`, keyed).events)).toEqual(expected);
    expect(ids(parseNdjsonEvents(events.join('\n\n'), keyed).events)).toEqual(expected);
  });

  it.each(['', 'a b', 'ü', 'a\tb', 'x'.repeat(256)])('%j is refused', (key) => {
    expect(refusalOf(() => readIdempotencyKey({ 'idempotency-key': key }))).toMatchObject({
      status: 422,
      errors: [{ field: 'Idempotency-Key', code: 'format' }],
    });
  });

  it.each(['k', '"8e03978e"', 'x'.repeat(255)])('%j is taken as it is', (key) => {
    expect(readIdempotencyKey({ 'idempotency-key': key })).toBe(key);
  });
});
