import { once } from 'node:events';
import type { Socket } from 'node:net';
import { pino } from 'pino';
import request from 'supertest';
import { loadApiConfig } from '@app/config';
import { ensureLog } from '@app/messaging';
import { createLogger } from '@app/observability';
import { ApiKeys, hashApiKeySecret, mintApiKey } from '@app/persistence';
import { eventually, freshDatabase, Scrape, TcpProxy, type FreshDatabase } from '@app/testing';
import { startApi, type RunningApi } from '../src/start-api';
import { postHead, RawConnection } from './raw-connection';

const PATH = '/api/v1/events';

/** An API whose only way to its database, and so to the embedded log, is a proxy; what it logs is kept. */
class Stage {
  lines: Record<string, unknown>[] = [];
  readonly key = mintApiKey();

  private constructor(
    readonly db: FreshDatabase,
    readonly proxy: TcpProxy,
  ) {}

  api!: RunningApi;

  static async open(environment: Record<string, string> = {}): Promise<Stage> {
    const db = await freshDatabase();
    const url = new URL(db.url);
    const stage = new Stage(db, await TcpProxy.to(Number(url.port), url.hostname));
    url.host = `127.0.0.1:${stage.proxy.port}`;
    const config = loadApiConfig({
      DATABASE_URL: url.href,
      MILLRACE_LOG: 'postgres',
      MILLRACE_PUBLISH_TIMEOUT_MS: '500',
      MILLRACE_DRAIN_DELAY_MS: '0',
      PORT: '0',
      ...environment,
    });
    await ensureLog(config.log, db.database, pino({ level: 'silent' }));
    const { id, secret } = stage.key;
    const hash = hashApiKeySecret(secret, config.keyPepper);
    await new ApiKeys(db.database).add({ id, projectId: 1, name: 'test', scopes: ['ingest', 'read'], hash });
    const write = (line: string): void => void stage.lines.push(JSON.parse(line) as Record<string, unknown>);
    const onFatal = (error: unknown): void => {
      throw error;
    };
    stage.api = await startApi(config, createLogger({ level: 'info', app: 'api', destination: { write } }), {
      onFatal,
    });
    await eventually(async () => {
      expect((await request(stage.api.url).get('/readyz')).status).toBe(200);
    });
    return stage;
  }

  post(body: object | string, path = PATH): request.Test {
    const call = request(this.api.url).post(path).set('X-API-Key', this.key.text);
    return call.set('Content-Type', 'application/json').send(body);
  }

  accessLines(): Record<string, unknown>[] {
    return this.lines.filter(({ msg }) => msg === 'A request is answered.');
  }

  async close(): Promise<void> {
    await this.api.close();
    await this.proxy.close();
    await this.db.drop();
  }
}

describe('the API tells of itself', () => {
  let stage: Stage;

  async function open(environment: Record<string, string> = {}): Promise<void> {
    stage = await Stage.open(environment);
  }
  afterEach(() => stage.close());

  it('counts what was accepted, refused and unconfirmed, and each request by route and status', async () => {
    await open();
    expect((await stage.post([{ name: 'a' }, { name: '' }, { name: 'b' }])).status).toBe(202);
    expect((await stage.post({ name: 'c' })).status).toBe(202);
    expect((await stage.post({ nome: 'd' })).status).toBe(422);
    expect((await stage.post([{ name: 'e' }, { name: '' }], `${PATH}?atomic=true`)).status).toBe(422);
    expect((await stage.post('{')).status).toBe(400);
    await request(stage.api.url).get(`${PATH}/0192f0c1-2345-7abc-8def-0123456789ab`).set('X-API-Key', stage.key.text);
    await request(stage.api.url).get('/an/unknown/path?with=words');
    stage.proxy.cut();
    expect((await stage.post([{ name: 'f' }, { name: 'g' }])).status).toBe(503);

    await eventually(async () => {
      const away = await Scrape.of(stage.api.url);
      expect([away.value('database_up'), away.value('log_up')]).toEqual([0, 0]);
    });
    const scrape = await Scrape.of(stage.api.url);
    expect(scrape.value('events_accepted_total')).toBe(3);
    expect(scrape.value('events_rejected_total')).toBe(4);
    expect(scrape.value('events_unconfirmed_total')).toBe(2);
    expect(scrape.value('publish_queue_events')).toBe(0);
    const series = (method: string, route: string, status: number): string =>
      `{method="${method}",route="${route}",status="${status}"}`;
    const counts = [
      series('POST', PATH, 202),
      series('POST', PATH, 422),
      series('POST', PATH, 400),
      series('POST', PATH, 503),
      series('GET', `${PATH}/:event_id`, 404),
      series('GET', 'unmatched', 404),
    ].map((labels) => scrape.value(`http_requests_total${labels}`));
    expect(counts).toEqual([2, 2, 1, 1, 1, 1]);
    expect(scrape.value(`http_request_duration_seconds_count${series('POST', PATH, 202)}`)).toBe(2);
  });

  it('counts a client that goes away between its body and its answer as one that had none', async () => {
    await open({ MILLRACE_PUBLISH_TIMEOUT_MS: '60000' });
    expect((await stage.post({ name: 'makes the key known' })).status).toBe(202);
    await stage.db.database.transaction(async (tx) => {
      await tx.query('LOCK TABLE log_partitions IN ACCESS EXCLUSIVE MODE');
      const accepted = once(stage.api.app.getHttpServer(), 'connection') as Promise<[Socket]>;
      const client = await RawConnection.to(Number(new URL(stage.api.url).port));
      const [socket] = await accepted;
      await client.write(`${postHead(stage.key.text, { 'Content-Length': 12 })}{"name":"n"}`);
      await eventually(async () => {
        expect((await Scrape.of(stage.api.url)).value('publish_queue_events')).toBe(1);
      });
      client.destroy();
      await eventually(() => {
        expect(socket.destroyed).toBe(true);
      });
    });
    await eventually(async () => {
      const scrape = await Scrape.of(stage.api.url);
      const of = (status: string | number): number | undefined =>
        scrape.value(`http_requests_total{method="POST",route="${PATH}",status="${status}"}`);
      expect([of(202), of('aborted'), scrape.value('events_accepted_total')]).toEqual([1, 1, 2]);
    });
  });

  it('/health names what is away with the body of Terminus, and /healthz stays alive', async () => {
    await open();
    const well = await request(stage.api.url).get('/health');
    expect(well.status).toBe(200);
    expect(well.body).toEqual({
      status: 'ok',
      info: { postgresql: { status: 'up' }, embedded_log: { status: 'up' } },
      error: {},
      details: { postgresql: { status: 'up' }, embedded_log: { status: 'up' } },
    });
    stage.proxy.cut();
    await eventually(async () => {
      const ill = await request(stage.api.url).get('/health');
      expect(ill.status).toBe(503);
      expect(ill.headers['content-type']).toMatch(/^application\/json/);
      const down = { status: 'down', message: 'It does not answer.' };
      expect(ill.body).toMatchObject({ status: 'error', error: { postgresql: down, embedded_log: down } });
    });
    expect((await request(stage.api.url).get('/healthz')).body).toEqual({ status: 'ok' });
    expect(JSON.stringify((await request(stage.api.url).get('/health')).body)).not.toContain('127.0.0.1');
    stage.proxy.heal();
    await eventually(async () => {
      expect((await request(stage.api.url).get('/health')).status).toBe(200);
    });
  });

  it('asks for the key of the metrics when there is one, and takes no other', async () => {
    await open({ MILLRACE_METRICS_KEY: 'scrape-me' });
    const scrape = (authorization?: string): request.Test => {
      const call = request(stage.api.url).get('/metrics');
      return authorization === undefined ? call : call.set('Authorization', authorization);
    };
    expect((await scrape('Bearer scrape-me')).text).toContain('events_accepted_total 0');
    for (const wrong of [undefined, 'Bearer scrape-m', 'Basic scrape-me', `Bearer ${stage.key.text}`]) {
      const refused = await scrape(wrong);
      expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, 'Bearer realm="millrace"']);
    }
    expect((await request(stage.api.url).get('/health')).status).toBe(200);
  });

  it('writes a line for each request that has the route, and neither the key nor the body nor the URL', async () => {
    await open({ MILLRACE_ACCESS_LOG_SAMPLE: '1' });
    await stage.post({ name: 'secret-name' }, `${PATH}?atomic=true`).set('X-Request-Id', 'req-1');
    await stage.post({ name: '' }).set('X-Request-Id', 'req-2');
    const id = '0192f0c1-2345-7abc-8def-0123456789ab';
    const read = request(stage.api.url).get(`${PATH}/${id}`).set('Authorization', `Bearer ${stage.key.text}`);
    await read.set('X-Request-Id', 'req-3');
    await request(stage.api.url).get('/secret-path').set('X-Request-Id', 'req-4').set('X-API-Key', 'secret-key');
    await eventually(() => {
      expect(stage.accessLines()).toHaveLength(4);
    });
    const duration_ms = expect.any(Number) as number;
    const level = 'info';
    const key_id = stage.key.id;
    expect(stage.accessLines()).toEqual(
      [
        { level, method: 'POST', path: PATH, status: 202, duration_ms, request_id: 'req-1', key_id },
        { level, method: 'POST', path: PATH, status: 422, duration_ms, request_id: 'req-2', key_id },
        { level, method: 'GET', path: `${PATH}/:event_id`, status: 404, duration_ms, request_id: 'req-3', key_id },
        {
          level: 'info',
          method: 'GET',
          path: 'unmatched',
          status: 404,
          duration_ms,
          request_id: 'req-4',
          key_id: null,
        },
      ].map((line) => expect.objectContaining(line) as unknown),
    );
    const said = JSON.stringify(stage.lines);
    for (const secret of ['secret', stage.key.secret, id, 'atomic']) expect(said).not.toContain(secret);
  });

  it('writes a line for one accepted post of so many, and for every refusal', async () => {
    await open({ MILLRACE_ACCESS_LOG_SAMPLE: '10' });
    for (let n = 0; n < 20; n += 1) await stage.post({ name: 'n' });
    for (let n = 0; n < 3; n += 1) await stage.post({ name: '' });
    await eventually(() => {
      const statuses = stage.accessLines().map(({ status }) => status);
      expect(statuses).toEqual([202, 202, 422, 422, 422]);
    });
  });
});
