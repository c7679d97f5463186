import request from 'supertest';
import { eventually } from '@app/testing';
import { decodeStatusDetails } from './grpc-status-details';
import { GrpcClient, StreamWatch } from './grpc-client';
import { runningApi, type TestApi } from './running-api';

const ID = '0192f0c1-2345-7abc-8def-0123456789ab';
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let test: TestApi;
let client: GrpcClient;

beforeAll(async () => {
  test = await runningApi();
  client = new GrpcClient(test.api.grpc, test.key);
});
afterAll(async () => {
  client.close();
  await test.stop();
});

/** What is on the log, oldest first. */
async function logged(): Promise<Record<string, unknown>[]> {
  const rows = await test.db.database.query<{ value: Buffer }>(
    'SELECT value FROM log_records ORDER BY partition, "offset"',
  );
  return rows.map(({ value }) => JSON.parse(value.toString()) as Record<string, unknown>);
}

async function loggedEvent(id: string): Promise<Record<string, unknown> | undefined> {
  return (await logged()).find(({ event_id }) => event_id === id);
}

describe('Publish', () => {
  it('puts an event with all its fields on the log before it answers', async () => {
    const event = {
      event_id: ID.toUpperCase(),
      name: 'user.created',
      source: 'shop',
      user_id: 'u1 ü 😀',
      occurred_at: { seconds: -1, nanos: 999_999_999 },
      amount: 0,
      data_json: '{"plan":"pro","n":[1,2.5,null],"__proto__":{"a":1}}',
    };
    const end = await client.publish({ event });
    expect(end).toMatchObject({ code: 'OK', reply: { event_id: ID, status: 'accepted' } });
    expect(await loggedEvent(ID)).toMatchObject({
      name: 'user.created',
      source: 'shop',
      user_id: 'u1 ü 😀',
      occurred_at: '1969-12-31T23:59:59.999Z',
      amount: 0,
      data: JSON.parse(event.data_json) as object,
    });
  });

  it('makes an id, and takes empty strings for missing ones', async () => {
    const end = await client.publish({ event: { name: 'n', event_id: '', source: '', user_id: '', data_json: '' } });
    expect(end.reply?.event_id).toMatch(UUID_V7);
    const event = await loggedEvent(end.reply?.event_id ?? '');
    expect(event).toMatchObject({ name: 'n', data: {} });
    expect(event).not.toHaveProperty('amount');
  });

  it('answers with the id of the request, the client’s when it is sane', async () => {
    const event = { name: 'n' };
    const named = await client.publish({ event }, { metadata: { 'x-request-id': 'r-1' } });
    expect(named.headers.get('x-request-id')).toEqual(['r-1']);
    const odd = await client.publish({ event }, { metadata: { 'x-request-id': 'no good' } });
    expect(odd.headers.get('x-request-id')[0]).toMatch(/^[0-9a-f-]{36}$/);
    const refused = await client.publish({}, { metadata: { 'x-request-id': 'r-2' } });
    expect(refused.metadata.get('x-request-id')).toEqual(['r-2']);
  });

  it('names what is wrong with an event, in words and as google.rpc.BadRequest', async () => {
    const end = await client.publish({ event: { data_json: '{"a":[9007199254740993]}', amount: NaN } });
    expect(end.code).toBe('INVALID_ARGUMENT');
    expect(end.details).toContain('event.amount is beyond the range of a double, and 2 more');
    const { reason, violations } = decodeStatusDetails(end.metadata);
    expect(reason).toBe('INVALID');
    expect(violations.map(({ field, reason: code }) => [field, code])).toEqual([
      ['event.amount', 'number'],
      ['event.data_json.a[0]', 'number'],
      ['event.name', 'required'],
    ]);
  });

  it.each([
    ['no event', {}, 'event', 'required'],
    ['no JSON', { event: { name: 'n', data_json: '{' } }, 'event.data_json', 'format'],
    ['an array', { event: { name: 'n', data_json: '[]' } }, 'event.data_json', 'type'],
    ['NUL', { event: { name: 'n', data_json: '{"a":"\\u0000"}' } }, 'event.data_json.a', 'nul'],
    ['no UUID', { event: { name: 'n', event_id: '1' } }, 'event.event_id', 'format'],
    ['year 10000', { event: { name: 'n', occurred_at: { seconds: 253_402_300_800 } } }, 'event.occurred_at', 'range'],
    ['year 9999', { event: { name: 'n', occurred_at: { seconds: 253_402_300_799 } } }, 'event.occurred_at', 'future'],
    ['negative nanos', { event: { name: 'n', occurred_at: { nanos: -1 } } }, 'event.occurred_at', 'range'],
    ['too many decimals', { event: { name: 'n', amount: 0.0123456789 } }, 'event.amount', 'decimals'],
    ['Infinity', { event: { name: 'n', amount: Infinity } }, 'event.amount', 'number'],
  ])('refuses %s', async (_, body, field, code) => {
    const before = (await logged()).length;
    const end = await client.publish(body);
    expect(end.code).toBe('INVALID_ARGUMENT');
    expect(decodeStatusDetails(end.metadata).violations).toMatchObject([{ field, reason: code }]);
    expect(await logged()).toHaveLength(before);
  });
});

describe('a key', () => {
  it.each([
    ['none', undefined, {}, 'UNAUTHENTICATED'],
    ['a wrong one', 'mr_x', {}, 'UNAUTHENTICATED'],
  ])('is needed: %s', async (_, key, metadata, code) => {
    const stranger = new GrpcClient(test.api.grpc, key);
    const single = await stranger.publish({ event: { name: 'n' } }, { metadata });
    const stream = new StreamWatch(stranger.stream());
    expect(single.code).toBe(code);
    expect((await stream.ended).code).toBe(code);
    stranger.close();
  });

  it('may come as a Bearer token', async () => {
    const bearer = new GrpcClient(test.api.grpc, undefined);
    const end = await bearer.publish({ event: { name: 'n' } }, { metadata: { authorization: `Bearer ${test.key}` } });
    expect(end.code).toBe('OK');
    bearer.close();
  });

  it('needs the scope ingest', async () => {
    const reader = new GrpcClient(test.api.grpc, await test.addKey(['read']));
    expect((await reader.publishBatch({ events: [{ name: 'n' }] })).code).toBe('PERMISSION_DENIED');
    reader.close();
  });
});

describe('PublishBatch', () => {
  it('tells the outcome of each event', async () => {
    const { reply, code } = await client.publishBatch({ events: [{ name: 'a', event_id: ID }, {}, { name: 'c' }] });
    expect(code).toBe('OK');
    expect(reply).toMatchObject({ accepted: 2, rejected: 1, event_ids: [ID, '', expect.stringMatching(UUID_V7)] });
    expect(reply?.errors).toEqual([{ index: 1, field: 'name', code: 'required', message: 'is missing' }]);
  });

  it('takes all or none when it is atomic', async () => {
    const end = await client.publishBatch({ events: [{ name: 'a' }, {}], atomic: true });
    expect(end.code).toBe('INVALID_ARGUMENT');
    expect(decodeStatusDetails(end.metadata).violations).toMatchObject([{ field: 'events[1].name' }]);
    expect((await client.publishBatch({ events: [{ name: 'a' }], atomic: true })).reply?.accepted).toBe(1);
  });

  it('is refused when it has no events, none that is good, or more than 1000', async () => {
    const many = Array.from({ length: 1001 }, () => ({ name: 'n' }));
    for (const events of [[], [{}, {}], many]) {
      expect((await client.publishBatch({ events })).code).toBe('INVALID_ARGUMENT');
    }
    expect((await client.publishBatch({ events: many.slice(1) })).reply?.accepted).toBe(1000);
  });

  it('keeps its refusal small enough for any client, however much is wrong', async () => {
    const key = 'k'.repeat(5000);
    const events = Array.from({ length: 500 }, () => ({ name: 'n', data_json: `{"${key}":1e400}` }));
    const end = await client.publishBatch({ events });
    expect(end.code).toBe('INVALID_ARGUMENT');
    expect(JSON.stringify(end.metadata.toHttp2Headers()).length).toBeLessThan(6000);
    expect(end.details.length).toBeLessThan(1000);
  });
});

describe('a message', () => {
  it('of more than 4 MiB is RESOURCE_EXHAUSTED, one just below is taken', async () => {
    const filler = 'x'.repeat(262_000);
    const events = (count: number): object[] =>
      Array.from({ length: count }, () => ({ name: 'n', data_json: `{"a":"${filler}"}` }));
    const large = await client.publishBatch({ events: events(17) });
    expect(large).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    expect(large.metadata.get('x-request-id')).toHaveLength(1);
    expect((await client.publishBatch({ events: events(15) })).reply?.accepted).toBe(15);
  });

  it('may be compressed', async () => {
    const zipped = new GrpcClient(test.api.grpc, test.key, { 'grpc.default_compression_algorithm': 2 });
    expect((await zipped.publish({ event: { name: 'n' } })).code).toBe('OK');
    zipped.close();
  });
});

describe('a deadline', () => {
  it('that has passed publishes nothing', async () => {
    const before = (await logged()).length;
    const ends = await Promise.all(
      Array.from({ length: 20 }, () =>
        client.publish({ event: { name: 'n' } }, { options: { deadline: Date.now() - 1 } }),
      ),
    );
    expect(new Set(ends.map(({ code }) => code))).toEqual(new Set(['DEADLINE_EXCEEDED']));
    expect(await logged()).toHaveLength(before);
  });
});

describe('PublishStream', () => {
  it('answers each batch, in order, and ends when the client does', async () => {
    const stream = client.stream();
    const watch = new StreamWatch(stream);
    for (let batch = 1; batch <= 30; batch += 1) {
      stream.write({ events: Array.from({ length: batch }, () => ({ name: 'n' })), atomic: false });
    }
    stream.write({ events: [{}, {}] });
    stream.end();
    expect(await watch.ended).toMatchObject({ code: 'OK' });
    expect(watch.replies.map(({ accepted }) => accepted)).toEqual([...Array(31).keys()].slice(1).concat(0));
    expect(watch.replies.at(-1)).toMatchObject({ rejected: 2, event_ids: ['', ''] });
  });

  it('ends with what is wrong with a batch as a whole, after the answers to those before it', async () => {
    const stream = client.stream();
    const watch = new StreamWatch(stream);
    stream.write({ events: [{ name: 'a' }] });
    stream.write({ events: [] });
    stream.write({ events: [{ name: 'never read' }] });
    expect(await watch.ended).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(watch.replies).toHaveLength(1);
    expect((await logged()).some(({ name }) => name === 'never read')).toBe(false);
  });

  it('lives on when a client goes away in the middle', async () => {
    const stream = client.stream();
    const watch = new StreamWatch(stream);
    stream.write({ events: [{ name: 'n' }] });
    await eventually(() => {
      expect(watch.replies).toHaveLength(1);
    });
    stream.cancel();
    expect((await watch.ended).code).toBe('CANCELLED');
    expect((await client.publish({ event: { name: 'n' } })).code).toBe('OK');
    await eventually(async () => {
      const { text } = await request(test.api.url).get('/metrics');
      expect(text).toContain('grpc_open_calls 0');
      expect(text).toContain('grpc_requests_total{method="PublishStream",code="INVALID_ARGUMENT"} 1');
    });
  });
});
