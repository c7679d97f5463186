import { pino } from 'pino';
import request, { type Test } from 'supertest';
import { loadApiConfig } from '@app/config';
import { ensureLog } from '@app/messaging';
import { ApiKeys, hashApiKeySecret, mintApiKey } from '@app/persistence';
import { eventually, freshDatabase, TcpProxy, type FreshDatabase } from '@app/testing';
import { startApi, type RunningApi } from '../src/start-api';

const PATH = '/api/v1/events';
const IDS = ['0192f0c1-2345-7abc-8def-0123456789ab', '0192f0c1-2345-7abc-8def-0123456789ac'] as const;

let db: FreshDatabase;
let proxy: TcpProxy;
let api: RunningApi;
let key: string;

/** An API whose only way to its database, and so to the embedded log, is the proxy. */
beforeEach(async () => {
  db = await freshDatabase();
  const url = new URL(db.url);
  proxy = await TcpProxy.to(Number(url.port), url.hostname);
  url.host = `127.0.0.1:${proxy.port}`;
  const config = loadApiConfig({
    DATABASE_URL: url.href,
    MILLRACE_LOG: 'postgres',
    MILLRACE_PUBLISH_TIMEOUT_MS: '500',
    PORT: '0',
    MILLRACE_DRAIN_DELAY_MS: '0',
    LOG_LEVEL: 'silent',
  });
  const logger = pino({ level: 'silent' });
  await ensureLog(config.log, db.database, logger);
  const minted = mintApiKey();
  key = minted.text;
  const hash = hashApiKeySecret(minted.secret, config.keyPepper);
  await new ApiKeys(db.database).add({
    id: minted.id,
    projectId: 1,
    name: 'test',
    scopes: ['ingest', 'read'],
    hash,
  });
  api = await startApi(config, logger, {
    onFatal: (error) => {
      throw error;
    },
  });
  await eventually(async () => {
    expect((await request(api.url).get('/readyz')).status).toBe(200);
  });
  expect((await post({ name: 'makes the key known' })).status).toBe(202);
});

afterEach(async () => {
  await api.close();
  await proxy.close();
  await db.drop();
});

function post(body: object): Test {
  return request(api.url).post(PATH).set('X-API-Key', key).send(body);
}

describe('while the log does not confirm', () => {
  it('an event is answered 503 with its id, and is taken once when it is sent again', async () => {
    proxy.cut();
    const refused = await post({ event_id: IDS[0], name: 'n' });
    expect(refused.status).toBe(503);
    expect(refused.headers['content-type']).toBe('application/problem+json');
    expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(refused.body).toMatchObject({
      type: 'urn:millrace:problem:unconfirmed',
      status: 503,
      request_id: refused.headers['x-request-id'],
      event_ids: [IDS[0]],
    });

    proxy.heal();
    await eventually(async () => {
      const taken = await post({ event_id: IDS[0], name: 'n' });
      expect(taken.status).toBe(202);
      expect(taken.body).toEqual({ event_id: IDS[0], status: 'accepted' });
    });
  });

  it('an event without an id is answered with the one it got, to be sent again with', async () => {
    proxy.cut();
    const refused = await post({ name: 'n' });
    expect(refused.status).toBe(503);
    expect(refused.body).toMatchObject({ event_ids: [expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)] });
  });

  it('an array is answered with the ids in its order, null for what was refused', async () => {
    const events = [{ event_id: IDS[0], name: 'a' }, { name: '' }, { event_id: IDS[1], name: 'c' }];
    proxy.cut();
    const refused = await post(events);
    expect(refused.status).toBe(503);
    expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(refused.body).toMatchObject({
      type: 'urn:millrace:problem:unconfirmed',
      event_ids: [IDS[0], null, IDS[1]],
    });

    proxy.heal();
    await eventually(async () => {
      const taken = await post(events);
      expect(taken.status).toBe(202);
      expect(taken.body).toMatchObject({ accepted: 2, rejected: 1, event_ids: [IDS[0], null, IDS[1]] });
    });
  });
});

describe('while the log does not confirm, the door of Segment', () => {
  it.each([
    ['events', { type: 'track', event: 'n', messageId: 'm' }],
    ['what it refuses', { type: 'track', event: '' }],
  ])('answers %s with 503 and when to send again, and then takes them', async (_, message) => {
    const send = (): Test =>
      request(api.url)
        .post('/v1/batch')
        .auth(key, '')
        .send({ batch: [message] });
    proxy.cut();
    const refused = await send();
    expect(refused.status).toBe(503);
    expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/);

    proxy.heal();
    await eventually(async () => {
      expect((await send()).text).toBe('{"success":true}');
    });
  });
});

describe('while PostgreSQL is away', () => {
  it('reads and readiness are 503, and the process is alive', async () => {
    proxy.cut();
    const read = await request(api.url).get(PATH).set('X-API-Key', key);
    expect(read.status).toBe(503);
    expect(read.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(read.body).toMatchObject({ type: 'urn:millrace:problem:unavailable', status: 503 });
    await eventually(async () => {
      expect((await request(api.url).get('/readyz')).status).toBe(503);
    });
    expect((await request(api.url).get('/healthz')).status).toBe(200);

    proxy.heal();
    await eventually(async () => {
      expect((await request(api.url).get('/readyz')).status).toBe(200);
      expect((await request(api.url).get(PATH).set('X-API-Key', key)).status).toBe(200);
    });
  });

  it('a key that was not seen before is 503, not 401', async () => {
    proxy.cut();
    const answer = await request(api.url).post(PATH).set('X-API-Key', mintApiKey().text).send({ name: 'n' });
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({ type: 'urn:millrace:problem:unavailable' });
  });
});
