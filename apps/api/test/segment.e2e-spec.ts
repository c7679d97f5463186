import { gzipSync } from 'node:zlib';
import request, { type Test } from 'supertest';
import { segmentEventId } from '@app/events';
import { readApiKey } from '@app/persistence';
import { SEGMENT_ROUTES } from '../src/ingest/segment/segment-types';
import { EventLimit } from '../src/transport/limit/event-limit';
import { ApiProcess } from './api-process';
import { runningApi, type TestApi } from './running-api';

interface LoggedRecord {
  readonly text: string;
  readonly value: Record<string, unknown>;
  readonly headers: string;
}

const SUCCESS = '{"success":true}';
const PAGE = 'https://shop.example';

let test: TestApi;

beforeAll(async () => {
  test = await runningApi();
});

beforeEach(() => test.db.database.query('DELETE FROM log_records'));

afterAll(() => test.stop());

async function logged(): Promise<LoggedRecord[]> {
  const rows = await test.db.database.query<{ value: Buffer; headers: Buffer }>(
    'SELECT value, headers FROM log_records ORDER BY published_at, partition, "offset"',
  );
  return rows.map(({ value, headers }) => ({
    text: value.toString(),
    value: JSON.parse(value.toString()) as Record<string, unknown>,
    headers: headers.toString('latin1'),
  }));
}

/** As the libraries of servers do. */
function post(path: string, body: unknown, key = test.key): Test {
  return request(test.api.url)
    .post(path)
    .auth(key, '')
    .send(body as object);
}

/** As a page does: text/plain, so that its browser asks nobody first, and the key in the body. */
function beacon(path: string, body: object): Test {
  const text = JSON.stringify({ ...body, writeKey: test.key });
  return request(test.api.url)
    .post(path)
    .set('Origin', PAGE)
    .set('Content-Type', 'text/plain;charset=UTF-8')
    .send(text);
}

describe('the routes of Segment', () => {
  it.each([...SEGMENT_ROUTES].filter(([, type]) => type !== 'batch'))('%s takes one message', async (path, type) => {
    const answer = await beacon(path, { event: 'Bought', userId: 'u', messageId: path });
    expect([answer.status, answer.text]).toEqual([200, SUCCESS]);
    const name = type === 'track' ? 'Bought' : `segment.${type}`;
    expect((await logged()).map(({ value }) => value)).toEqual([
      expect.objectContaining({ name, event_id: segmentEventId(path) }),
    ]);
  });

  it.each([...SEGMENT_ROUTES].filter(([, type]) => type === 'batch'))('%s takes a batch', async (path) => {
    const batch = [
      { type: 'track', event: 'a', userId: 'u' },
      { type: 'page', userId: 'u' },
    ];
    const answer = await beacon(path, { batch });
    expect([answer.status, answer.text]).toEqual([200, SUCCESS]);
    expect((await logged()).map(({ value }) => value['name']).sort()).toEqual(['a', 'segment.page']);
  });

  it('/v1/m takes what the browser library counts of itself, and forgets it', async () => {
    const answer = await request(test.api.url).post('/v1/m').set('Origin', PAGE).send('{"series":[]}');
    expect([answer.status, answer.text]).toEqual([200, SUCCESS]);
    expect(answer.headers['access-control-allow-origin']).toBe(PAGE);
    expect(await logged()).toEqual([]);
  });

  it('answers an empty batch with 200', async () => {
    expect((await post('/v1/batch', { batch: [] })).status).toBe(200);
  });

  it('takes more than 1000 messages at once', async () => {
    const batch = Array.from({ length: 2500 }, (_, n) => ({ type: 'track', event: 'n', messageId: `m${n}` }));
    expect((await post('/v1/batch', { batch })).status).toBe(200);
    expect(await logged()).toHaveLength(2500);
  });

  it('knows no other method', async () => {
    const answer = await request(test.api.url).get('/v1/track');
    expect(answer.status).toBe(405);
    expect(answer.headers['allow']).toContain('POST');
  });
});

describe('a write key', () => {
  const EVENT = { event: 'x', userId: 'u' };

  it.each([
    ['Basic', (key: string) => ({ Authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` })],
    ['Basic without a colon', (key: string) => ({ Authorization: `Basic ${Buffer.from(key).toString('base64')}` })],
    ['Bearer', (key: string) => ({ Authorization: `Bearer ${key}` })],
    ['X-API-Key', (key: string) => ({ 'X-API-Key': key })],
  ])('may come as %s', async (_, headers) => {
    const answer = await request(test.api.url).post('/v1/track').set(headers(test.key)).send(EVENT);
    expect([answer.status, answer.text]).toEqual([200, SUCCESS]);
    expect(await logged()).toHaveLength(1);
  });

  it('in a header goes before the one in the body', async () => {
    expect((await post('/v1/track', { ...EVENT, writeKey: 'nobody' })).status).toBe(200);
    expect((await post('/v1/track', { ...EVENT, writeKey: test.key }, 'nobody')).status).toBe(401);
  });

  it.each([{}, { writeKey: 'nobody' }, { writeKey: 5 }])('that is none is a 401: %j', async (body) => {
    const answer = await request(test.api.url)
      .post('/v1/track')
      .set('Origin', PAGE)
      .send({ ...EVENT, ...body });
    expect(answer.status).toBe(401);
    expect(answer.headers['access-control-allow-origin']).toBe(PAGE);
    expect(await logged()).toEqual([]);
  });

  it('without the scope ingest is a 403, wherever it comes', async () => {
    const reader = await test.addKey(['read']);
    expect((await post('/v1/track', EVENT, reader)).status).toBe(403);
    expect(
      (
        await request(test.api.url)
          .post('/v1/t')
          .send({ ...EVENT, writeKey: reader })
      ).status,
    ).toBe(403);
    expect((await request(test.api.url).get(`/v1/projects/${reader}/settings`)).status).toBe(403);
    expect(await logged()).toEqual([]);
  });

  it('that has sent too much is a 429 with whole seconds to wait, which a page can read', async () => {
    const busy = await test.addKey(['ingest']);
    test.api.app.get(EventLimit).charge(readApiKey(busy)?.id ?? '', 1e11);
    const answer = await post('/v1/batch', { batch: [EVENT] }, busy).set('Origin', PAGE);
    expect(answer.status).toBe(429);
    expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(answer.headers['access-control-expose-headers']).toBe('Retry-After');
  });

  it('stays out of what is kept', async () => {
    const message = { writeKey: test.key, context: { writeKey: test.key, ip: '1.2.3.4' }, userId: 'u' };
    const batch = [
      { ...message, type: 'track', event: 'good' },
      { ...message, type: 'track', event: 'x'.repeat(300) },
    ];
    await beacon('/v1/b', { batch, context: { writeKey: test.key, app: 'a' } });
    const records = await logged();
    expect(records).toHaveLength(2);
    for (const { text, headers } of records) {
      expect(text).toContain('1.2.3.4');
      expect(text + headers).not.toContain(test.key);
      expect(text).not.toContain('writeKey');
    }
  });
});

describe('a body', () => {
  const BODY = JSON.stringify({ event: 'x', userId: 'u' });

  it.each([
    ['that is gzip and says so', { 'Content-Encoding': 'gzip', 'Content-Type': 'application/json' }],
    ['that is gzip and does not say so', { 'Content-Type': 'application/json' }],
    ['that is gzip and calls itself text', { 'Content-Type': 'text/plain' }],
  ])('%s is taken', async (_, headers) => {
    const authorization = `Basic ${Buffer.from(`${test.key}:`).toString('base64')}`;
    const sent = { method: 'POST', headers: { ...headers, authorization }, body: gzipSync(BODY) };
    const answer = await fetch(`${test.api.url}/v1/track`, sent);
    expect([answer.status, await answer.text()]).toEqual([200, SUCCESS]);
    expect((await logged()).map(({ value }) => value['name'])).toEqual(['x']);
  });

  it.each([
    ['/v1/track', '{"event":', 400],
    ['/v1/track', '', 400],
    ['/v1/batch', '[]', 400],
    ['/v1/batch', '{"batch":{}}', 400],
    ['/v1/track', `{"event":"${'x'.repeat(5_242_880)}"}`, 413],
    ['/v1/batch', `{"batch":[${'1,'.repeat(25_000)}1]}`, 413],
    ['/v1/batch', `{"context":{"a":"${'x'.repeat(200_000)}"},"batch":[${'1,'.repeat(100)}1]}`, 413],
  ])('to %s that cannot be taken at all is refused: %.20s', async (path, body, status) => {
    const sent = request(test.api.url).post(path).auth(test.key, '').type('text/plain');
    expect((await sent.send(body)).status).toBe(status);
    expect(await logged()).toEqual([]);
  });
});

describe('a message that breaks a rule', () => {
  it('goes to the log as refused, while the others of its batch are taken', async () => {
    const batch = [
      { type: 'track', event: 'a', messageId: 'good' },
      { type: 'track', event: 'b', messageId: 'bad', properties: { text: '\0' } },
      'no message',
    ];
    const answer = await post('/v1/batch', { batch });
    expect([answer.status, answer.text]).toEqual([200, SUCCESS]);
    const records = await logged();
    expect(records.map(({ value }) => value['name']).filter((name) => name !== undefined)).toEqual(['a']);
    const refused = records.filter(({ value }) => value['batch'] !== undefined);
    expect(refused).toHaveLength(2);
    const [bad] = refused.filter(({ text }) => text.includes('"bad"'));
    expect(bad?.value['eventId']).toBe(segmentEventId('bad'));
    expect(bad?.headers).toContain('properties.text contains the character NUL');
    expect(bad?.headers).toContain('segment');
    expect(refused.find((record) => record !== bad)?.value['batch']).toEqual(['no message']);
  });

  it('is answered with 200 alone, too', async () => {
    const answer = await beacon('/v1/t', { event: 'x'.repeat(300) });
    expect([answer.status, answer.text]).toEqual([200, SUCCESS]);
    expect((await logged()).map(({ value }) => value['type'])).toEqual(['track']);
  });

  it('is charged like an event', async () => {
    const key = await test.addKey(['ingest']);
    const limit = test.api.app.get(EventLimit);
    const charge = jest.spyOn(limit, 'charge');
    await post('/v1/batch', { batch: [1, 2, { type: 'page' }] }, key);
    expect(charge.mock.calls.reduce((sum, [, events]) => sum + events, 0)).toBe(3);
    charge.mockRestore();
  });
});

describe('a page of another origin', () => {
  it.each([...SEGMENT_ROUTES.keys(), '/v1/m', '/v1/projects/any/settings'])('may ask first at %s', async (path) => {
    const asked = request(test.api.url).options(path).set('Origin', PAGE);
    const answer = await asked.set('Access-Control-Request-Headers', 'authorization');
    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': PAGE,
      'access-control-allow-headers': 'authorization, content-type, x-retry-count',
      'access-control-max-age': '7200',
      vary: 'Origin',
    });
  });

  it('may read the answer', async () => {
    const { headers } = await beacon('/v1/t', { event: 'x' });
    expect(headers).toMatchObject({
      'access-control-allow-origin': PAGE,
      'access-control-expose-headers': 'Retry-After',
    });
  });

  it('learns where to send', async () => {
    const answer = await request(test.api.url).get(`/v1/projects/${test.key}/settings`).set('Origin', PAGE);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ 'access-control-allow-origin': PAGE, 'cache-control': 'no-store' });
    const { host } = new URL(test.api.url);
    expect(answer.body).toMatchObject({
      integrations: { 'Segment.io': { apiKey: test.key, apiHost: `${host}/v1`, protocol: 'http' } },
    });
    expect((await request(test.api.url).get('/v1/projects/nobody/settings')).status).toBe(401);
  });
});

describe('the lines about requests', () => {
  it('have the template of the route and the id of the key, and never the key', async () => {
    const api = await ApiProcess.start({ MILLRACE_ACCESS_LOG_SAMPLE: '1' });
    try {
      const body = { event: 'x', writeKey: api.key };
      await request(api.url).post('/v1/t').send(body);
      await request(api.url).post('/v1/batch').auth(api.key, '').send('{');
      await request(api.url).get(`/v1/projects/${api.key}/settings`);
      await api.process.stop();
      const lines = api.process.lines.filter(({ msg }) => msg === 'A request is answered.');
      const keyId = readApiKey(api.key)?.id;
      expect(lines.map((line) => [line['path'], line['status'], line['key_id']])).toEqual([
        ['/v1/t', 200, keyId],
        ['/v1/batch', 400, keyId],
        ['/v1/projects/:writeKey/settings', 200, keyId],
      ]);
      expect(JSON.stringify(api.process.lines)).not.toContain(readApiKey(api.key)?.secret);
    } finally {
      await api.stop();
    }
  });
});
