import type { ParsedEvent } from '@app/events';
import { segmentEventOf } from './event.convert';
import { RefusedMessages } from './refused-message';
import { toSegmentBatch } from './segment-batch';
import type { SegmentType } from './segment-types';

const arrivedAt = new Date('2026-11-21T12:00:00.000Z');
const keptAt = new Date('2026-11-25T00:00:00.000Z');
const EVENT_ID = '0192f0c1-2345-7abc-8def-0123456789ab';

function kept(text: string, index = 0, route: SegmentType | 'batch' = 'batch'): Buffer {
  return new RefusedMessages(toSegmentBatch(JSON.parse(text), text, route), arrivedAt).value(index, EVENT_ID);
}

function again(value: Buffer): ParsedEvent {
  return segmentEventOf(value, { projectId: 1, receivedAt: keptAt });
}

function withoutKey(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'writeKey'));
}

describe('RefusedMessages', () => {
  it('keeps a message in the words of its client', () => {
    const text = '{"batch":[1, {"type":"page","properties":{"n":1e400, "w":9007199254740993,"s":"\\u0000]}"}} ,3]}';
    const message = '{"type":"page","properties":{"n":1e400, "w":9007199254740993,"s":"\\u0000]}"}}';
    const head = `{"receivedAt":"2026-11-21T12:00:00.000Z","eventId":"${EVENT_ID}"`;
    expect(kept(text, 1).toString()).toBe(`${head},"batch":[${message}]}`);
    expect(kept(text, 2).toString()).toBe(`${head},"batch":[3]}`);
  });

  it.each([
    '{"writeKey":"SECRET","batch":[{"type":"track","writeKey":"SECRET"}]}',
    '{"batch":[{ "writeKey" : "SECRET" , "type":"track"}], "writeKey":"SECRET"}',
    '{"batch":[{"write\\u004bey":"SECRET","writeKey":"SECRET","a":[{"b":"}"}]}]}',
    '{"context":{"writeKey":"SECRET","a":1},"batch":[{"context":{"writeKey":"SECRET","b":[2]},"c":3}]}',
    '{"batch":[{"integrations":{"All":true,"writeKey":"SECRET"},"c":3}],"integrations":{"writeKey":"SECRET"}}',
    '{"batch":[[{"writeKey":"SECRET"},{"a":1, "writeKey":"SECRET" }, [{"writeKey":"SECRET"}],"x"]]}',
    '{"batch":[{"context":[1,{"writeKey":"SECRET"}],"integrations":[{"writeKey":"SECRET","b":2}]}],"context":[{"writeKey":"SECRET"}]}',
    '{"batch":[{"a":1 , "writeKey":"SECRET" , "writeKey":"SECRET" }]}',
    '{"batch":[{"writeKey":"SECRET","writeKey":"SECRET","a":{"b":"\\"}"}}]}',
  ])('leaves the write key out of %s', (text) => {
    const value = kept(text).toString();
    expect(value).not.toMatch(/SECRET|write(K|\\u004b)ey/);
    const expected = JSON.parse(text, (_key, member: unknown) => withoutKey(member)) as { batch: [unknown] };
    expect(JSON.parse(value)).toMatchObject({ batch: [expected.batch[0]] });
  });

  it.each(['[', '{"a":'])('keeps a message of 20,000 levels of %s and cuts the key out of it', (open) => {
    const deep = open.repeat(20_000) + '1' + (open === '[' ? ']' : '}').repeat(20_000);
    const text = `{"context":${deep},"batch":[{"writeKey":"SECRET","context":${deep},"integrations":${deep},"a":${deep}}]}`;
    const value = kept(text).toString();
    expect(value).not.toContain('SECRET');
    expect(value).toContain(`"context":${deep},"batch":[{"context":${deep},"integrations":${deep},"a":${deep}}]`);
    expect(again(Buffer.from(value)).ok).toBe(false);
  });

  it('keeps a sentAt that can be a time, and no other', () => {
    const sentAt = '2026-11-21T10:00:00\\u005a';
    const value = kept(`{"sentAt":"${sentAt}","batch":[1]}`).toString();
    expect(JSON.parse(value)).toMatchObject({ sentAt: '2026-11-21T10:00:00Z' });
    expect(kept(`{"sentAt":"${'x'.repeat(250_000)}","batch":[1]}`).length).toBeLessThan(200);
  });

  it('keeps what the batch says of all its messages', () => {
    const text = '{"sentAt":"x","context":{"a":1},"integrations":{"All":true},"batch":[{"type":"video"}]}';
    const shared = { sentAt: 'x', context: { a: 1 }, integrations: { All: true } };
    expect(JSON.parse(kept(text).toString())).toMatchObject({ ...shared, batch: [{ type: 'video' }] });
  });

  it('is read again as it was read first', () => {
    const text =
      '{"writeKey":"SECRET","userId":"u","timestamp":"2026-11-21T09:00:00Z","sentAt":"2026-11-21T10:00:00Z"}';
    const parsed = again(kept(text, 0, 'page'));
    expect(parsed).toMatchObject({
      ok: true,
      event: {
        eventId: EVENT_ID,
        name: 'segment.page',
        userId: 'u',
        occurredAt: new Date('2026-11-21T11:00:00.000Z'),
        receivedAt: arrivedAt, // what was received before an erasure stays so
      },
    });
  });

  it('was received when it was kept, where its value claims a later time', () => {
    const claiming = Buffer.from('{"receivedAt":"2030-01-01T00:00:00Z","batch":[{"type":"page","userId":"u"}]}');
    expect(again(claiming)).toMatchObject({ event: { receivedAt: keptAt, occurredAt: keptAt } });
  });

  it('is refused again for a number that no double holds', () => {
    const parsed = again(kept('{"batch":[{"type":"page","properties":{"n":9007199254740993}}]}'));
    expect(parsed).toMatchObject({ ok: false, errors: [{ field: 'properties.n', code: 'number' }] });
  });

  it('keeps the beginning of what is too large for the log, and never takes it for the whole', () => {
    const value = kept(`{"batch":[{"type":"page","properties":{"x":"${'x'.repeat(2_000_000)}"}}]}`);
    expect(value.length).toBeLessThan(700_000);
    expect(again(value)).toMatchObject({ ok: false, errors: [{ field: '', code: 'format' }] });
  });

  it.each(['', 'no json', '[]', '{}', '{"batch":[]}', '{"batch":[{},{}]}'])('does not read %j again', (text) => {
    expect(again(Buffer.from(text)).ok).toBe(false);
  });
});
