import { randomUUID } from 'node:crypto';
import request, { type Response, type Test } from 'supertest';
import { cloudEventId, idempotencyEventId, toStorableEvent } from '@app/events';
import { EventStore } from '@app/persistence';
import { anEvent, AppProcess, eventually } from '@app/testing';
import { StoredWaiter } from '../src/ingest/waiting/stored-waiter';
import { postHead, RawConnection } from './raw-connection';
import { runningApi, type TestApi } from './running-api';
import { startConsumer } from './start-consumer';

/** A consumer boots, and some requests may wait their ten seconds. */
jest.setTimeout(120_000);

const PATH = '/api/v1/events';

let test: TestApi;

beforeAll(async () => {
  test = await runningApi();
});
afterAll(() => test.stop());

function post(body: unknown, { query = '', headers = {} }: { query?: string; headers?: Record<string, string> } = {}) {
  return request(test.api.url)
    .post(`${PATH}${query}`)
    .set({ 'X-API-Key': test.key, 'Content-Type': 'application/json', ...headers })
    .send(typeof body === 'string' ? body : JSON.stringify(body));
}

function get(path: string): Test {
  return request(test.api.url).get(`${PATH}${path}`).set('X-API-Key', test.key);
}

async function keyed(key: string, body: unknown, type = 'application/json'): Promise<Response> {
  return post(body, { headers: { 'Idempotency-Key': key, 'Content-Type': type } });
}

describe('a client that leaves while it waits', () => {
  it('is forgotten at once', async () => {
    const waiter = test.api.app.get(StoredWaiter);
    const port = Number(new URL(test.api.url).port);
    const wait = async (body: string): Promise<RawConnection> => {
      const connection = await RawConnection.to(port);
      const head = postHead(test.key, { 'Content-Length': body.length }).replace(PATH, `${PATH}?wait=stored`);
      await connection.write(head + body);
      return connection;
    };
    const stays = await wait('{"name":"a"}');
    await eventually(() => {
      expect(waiter.waiting).toBe(1);
    });
    const leaves = await wait('[{"name":"b"},{"name":"c"}]');
    await eventually(() => {
      expect(waiter.waiting).toBe(3);
    });
    leaves.destroy();
    // By their time alone the first one, which stays, would be over before.
    await eventually(() => {
      expect(waiter.waiting).toBe(1);
    });
    expect(stays.received).toBe('');
    stays.destroy();
    await eventually(() => {
      expect(waiter.waiting).toBe(0);
    });
  });
});

describe('an Idempotency-Key', () => {
  it.each(['', 'a b', 'ü', 'x'.repeat(256)])('%j is 422', async (key) => {
    const answer = await keyed(Buffer.from(key).toString('latin1'), { name: 'n' });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ field: 'Idempotency-Key', code: 'format' }] });
  });

  it('is the id of an object, and with the place that of each event of a batch', async () => {
    expect((await keyed('k-1', { name: 'n' })).body).toEqual({
      event_id: idempotencyEventId('k-1'),
      status: 'accepted',
    });
    const ids = [idempotencyEventId('k-1', 0), null, idempotencyEventId('k-1', 2)];
    expect((await keyed('k-1', [{ name: 'n' }, { name: '' }, { name: 'n' }])).body).toMatchObject({ event_ids: ids });
    const lines = '{"name":"n"}\n\n{"name":""}\n{"name":"n"}';
    expect((await keyed('k-1', lines, 'application/x-ndjson')).body).toMatchObject({ event_ids: ids });
  });

  it('gives way to the id in the body', async () => {
    const event_id = randomUUID();
    expect((await keyed('k-1', { event_id, name: 'n' })).body).toEqual({ event_id, status: 'accepted' });
  });
});

describe('the trace', () => {
  it('of what is no UUID is 422', async () => {
    const answer = await get('/123/trace');
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ field: 'event_id', code: 'format' }] });
  });

  it('of an id that nobody has seen is unknown', async () => {
    const answer = await get(`/${randomUUID()}/trace`);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ status: 'unknown' });
  });

  it('of an event of another project is unknown', async () => {
    await test.db.database.query(`INSERT INTO projects (id, name) VALUES (2, 'other')`);
    const event = anEvent({ projectId: 2 });
    const outcome = { partition: 0, offset: 1, kind: 'persist' as const, event: toStorableEvent(event) };
    await new EventStore(test.db.database).insert({ group: 'g', topic: 't', outcomes: [outcome], logEnds: new Map() });
    const key = await test.addKey(['read'], 2);
    const path = `${PATH}/${event.eventId}/trace`;
    const own = await request(test.api.url).get(path).set('X-API-Key', key);
    expect(own.body).toMatchObject({ status: 'stored' });
    expect((await get(`/${event.eventId}/trace`)).body).toEqual({ status: 'unknown' });
  });
});

describe('with a consumer', () => {
  let consumer: AppProcess;

  beforeAll(async () => {
    consumer = startConsumer(test.db.url);
    await eventually(async () => {
      expect((await post({ name: 'first' }, { query: '?wait=stored' })).status).toBe(201);
    }, 90_000);
  });
  afterAll(() => consumer.stop());

  it('the trace of a stored event says where it is, when it came, and how often again', async () => {
    const event_id = randomUUID();
    expect((await post({ event_id, name: 'traced' }, { query: '?wait=stored' })).status).toBe(201);
    expect((await post({ event_id, name: 'traced' }, { query: '?wait=stored' })).status).toBe(200);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
    const answer = await get(`/${event_id.toUpperCase()}/trace`);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      status: 'stored',
      duplicates: expect.any(Number) as number,
      received_at: time,
      stored_at: time,
      archived_at: null,
      topic: 'events.v1',
      partition: expect.any(Number) as number,
      offset: expect.any(Number) as number,
      reason: null,
    });
    // The second POST was answered by the first one's row, maybe before a consumer has counted its copy.
    await eventually(async () => {
      expect((await get(`/${event_id}/trace`)).body).toMatchObject({ duplicates: 1 });
    }, 30_000);
  });

  it('a request that is repeated with its Idempotency-Key is stored once: the first one', async () => {
    const once = await post({ name: 'first' }, { query: '?wait=stored', headers: { 'Idempotency-Key': 'order-7' } });
    expect(once.status).toBe(201);
    expect(once.body).toMatchObject({ event_id: idempotencyEventId('order-7') });
    const again = await post({ name: 'other' }, { query: '?wait=stored', headers: { 'Idempotency-Key': 'order-7' } });
    expect(again.status).toBe(200);
    expect(again.body).toEqual(once.body);
    const batch = [{ name: 'a' }, { name: 'b' }];
    const more = { query: '?wait=stored', headers: { 'Idempotency-Key': 'order-7' } };
    const [first, second] = [await post(batch, more), await post(batch, more)];
    expect([first.status, second.status]).toEqual([201, 200]);
    const ids = [idempotencyEventId('order-7'), ...[0, 1].map((index) => idempotencyEventId('order-7', index))];
    const rows = await test.db.database.query('SELECT event_id FROM events WHERE event_id = ANY($1)', [ids]);
    expect(rows).toHaveLength(3);
  });

  it('lines may wait, and are answered with their events', async () => {
    const headers = { 'Content-Type': 'application/x-ndjson' };
    const answer = await post('{"name":"a"}\nx\n{"name":"b"}\n', { query: '?wait=stored', headers });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ accepted: 2, rejected: 1, data: [{ name: 'a' }, null, { name: 'b' }] });
  });

  it('known ids of more than 8 MiB of events are answered 202, and fewer of them 200 with the events', async () => {
    const data = { text: 'x'.repeat(250_000) };
    const large = Array.from({ length: 36 }, () => ({ event_id: randomUUID(), name: 'large' }));
    for (const part of [large.slice(0, 18), large.slice(18)]) {
      const sent = part.map((event) => ({ ...event, data }));
      expect((await post(sent)).status).toBe(202);
    }
    await eventually(async () => {
      expect(await test.db.database.query(`SELECT FROM events WHERE name = 'large'`)).toHaveLength(36);
    }, 60_000);
    const all = await post(large, { query: '?wait=stored' });
    expect(all.status).toBe(202);
    expect(all.body).toEqual({
      accepted: 36,
      rejected: 0,
      event_ids: large.map((event) => event.event_id),
      errors: [],
    });
    const fewer = await post(large.slice(0, 30), { query: '?wait=stored' });
    expect(fewer.status).toBe(200);
    expect(fewer.body).toMatchObject({ data: large.slice(0, 30).map((event) => ({ ...event, data })) });
  });

  it('CloudEvents may wait, alone and in a batch', async () => {
    const [id, other] = [randomUUID(), randomUUID()];
    const event = { specversion: '1.0', id, source: '/orders', type: 'order.paid', tenant: 'x' };
    const form = (name: string): Record<string, string> => ({ 'Content-Type': `application/cloudevents${name}+json` });
    const one = await post(event, { query: '?wait=stored', headers: form('') });
    expect(one.status).toBe(201);
    expect(one.body).toMatchObject({
      event_id: cloudEventId('/orders', id),
      name: 'order.paid',
      stored_at: expect.any(String) as string,
      context: { id, tenant: 'x' },
    });
    const batch = await post([event, { ...event, id: other }], { query: '?wait=stored', headers: form('-batch') });
    expect(batch.status).toBe(201);
    expect(batch.body).toMatchObject({
      accepted: 2,
      data: [one.body, { event_id: cloudEventId('/orders', other), name: 'order.paid' }],
    });
    const again = await post(event, { query: '?wait=stored', headers: form('') });
    expect([again.status, again.body]).toEqual([200, one.body]);
    const none = await post([], { query: '?wait=stored', headers: form('-batch') });
    expect(none.status).toBe(202);
  });
});
