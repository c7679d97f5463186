import { performance } from 'node:perf_hooks';
import request from 'supertest';
import { describeWithRedis, eventually, RedisServer, Scrape } from '@app/testing';
import type { RunningApi } from '../src/start-api';
import { runningApi, type TestApi } from './running-api';

const PATH = '/api/v1/events';
const MANY = Array.from({ length: 50 }, () => ({ name: 'n' }));

async function post(url: string, key: string, body: object = { name: 'n' }): Promise<request.Response> {
  return request(url).post(PATH).set('X-API-Key', key).send(body);
}

/** Posts one event after the other until one is refused, at most `limit`. @returns events taken. */
async function postUntilLimited(urls: readonly string[], key: string, limit: number): Promise<number> {
  for (let taken = 0; taken < limit; taken += 1) {
    const answer = await post(urls[taken % urls.length] ?? '', key);
    if (answer.status === 429) return taken;
    expect(answer.status).toBe(202);
  }
  return limit;
}

describe('the rate limit of a key', () => {
  let test: TestApi;
  beforeAll(async () => {
    test = await runningApi({ RATE_LIMIT_EVENTS_PER_SECOND: '1', RATE_LIMIT_BURST: '60' });
  });
  afterAll(() => test.stop());

  it('counts events, takes a large array on credit, then answers 429 until the debt is paid', async () => {
    const key = await test.addKey(['ingest']);
    expect((await post(test.api.url, key, MANY)).status).toBe(202);
    expect((await post(test.api.url, key, MANY)).status).toBe(202);
    const answer = await post(test.api.url, key);
    expect(answer.status).toBe(429);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ type: 'urn:millrace:problem:limited', status: 429 });
    const {
      'retry-after': retryAfter,
      'ratelimit-reset': reset,
      ...headers
    } = answer.headers as Record<string, string>;
    expect(retryAfter).toMatch(/^\d+$/);
    expect(Number(retryAfter)).toBeGreaterThan(30);
    expect(Number(retryAfter)).toBeLessThanOrEqual(41);
    expect(reset).toBe(retryAfter);
    expect(headers).toMatchObject({
      'ratelimit-limit': '1',
      'ratelimit-remaining': '0',
      'ratelimit-policy': '1;w=1;burst=60',
    });
  });

  it('counts refused events too, but no request that was refused before its body was read', async () => {
    const key = await test.addKey(['ingest']);
    expect(
      (
        await post(
          test.api.url,
          key,
          Array.from({ length: 500 }, () => ({})),
        )
      ).status,
    ).toBe(422);
    const first = Number((await post(test.api.url, key, MANY)).headers['retry-after']);
    const second = Number((await post(test.api.url, key, MANY)).headers['retry-after']);
    expect(first).toBeGreaterThan(400);
    expect(second).toBeLessThanOrEqual(first);
  });

  it('is each key’s own', async () => {
    const [one, other] = [await test.addKey(['ingest']), await test.addKey(['ingest'])];
    await post(test.api.url, one, MANY);
    await post(test.api.url, one, MANY);
    expect((await post(test.api.url, one)).status).toBe(429);
    expect((await post(test.api.url, other)).status).toBe(202);
    expect((await Scrape.of(test.api.url)).value('requests_limited_total')).toBeGreaterThan(0);
  });

  it('passes again once a token is earned', async () => {
    const key = await test.addKey(['ingest']);
    await post(
      test.api.url,
      key,
      Array.from({ length: 65 }, () => ({ name: 'n' })),
    );
    expect((await post(test.api.url, key)).status).toBe(429);
    await eventually(async () => {
      expect((await post(test.api.url, key)).status).toBe(202);
    });
  });
});

describeWithRedis('replicas that share the limit in Redis', () => {
  const limits = { RATE_LIMIT_EVENTS_PER_SECOND: '2', RATE_LIMIT_BURST: '60', MILLRACE_API_REPLICAS: '2' };
  let redis: RedisServer;
  let test: TestApi;
  let second: RunningApi;
  let urls: string[];

  beforeEach(async () => {
    redis = await RedisServer.start();
    const environment = { ...limits, REDIS_URL: redis.url };
    test = await runningApi(environment);
    second = await test.addReplica();
    urls = [test.api.url, second.url];
    await bothShare(1);
  });

  afterEach(async () => {
    await test.stop();
    await redis.kill();
  });

  async function bothShare(shared: 0 | 1): Promise<void> {
    await eventually(async () => {
      for (const url of urls) expect((await Scrape.of(url)).value('rate_limit_shared')).toBe(shared);
    });
  }

  it('take the burst once, not each', async () => {
    const key = await test.addKey(['ingest']);
    const since = performance.now();
    const taken = await postUntilLimited(urls, key, 200);
    const earned = ((performance.now() - since) / 1000) * 2;
    // Beyond it only what came within one command of Redis: of posts one after another hardly one per replica.
    expect(taken).toBeGreaterThanOrEqual(59);
    expect(taken).toBeLessThanOrEqual(60 + earned + 10);
    await eventually(async () => {
      for (const url of urls) expect((await post(url, key)).status).toBe(429);
    });
  });

  it('pay the debt of each other', async () => {
    const key = await test.addKey(['ingest']);
    const thousand = Array.from({ length: 1000 }, () => ({ name: 'n' }));
    expect((await post(test.api.url, key, thousand)).status).toBe(202);
    await eventually(async () => {
      const answer = await post(second.url, key);
      expect(answer.status).toBe(429);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(300);
    });
    expect(await redis.ask('KEYS millrace:limit:*')).toContain('millrace:limit:');
    expect(await redis.ask(`PTTL millrace:limit:${key.split('_')[1] ?? ''}`)).toMatch(/^:\d{5,6}\r\n$/);
  });

  it('go on without Redis with a share each, know the debts, say so once, and share again by themselves', async () => {
    const key = await test.addKey(['ingest']);
    expect((await request(test.api.url).get('/health')).body).toMatchObject({ info: { redis: { status: 'up' } } });
    const indebted = await test.addKey(['ingest']);
    expect(
      (
        await post(
          test.api.url,
          indebted,
          Array.from({ length: 1000 }, () => ({ name: 'n' })),
        )
      ).status,
    ).toBe(202);
    await eventually(async () => {
      expect((await post(test.api.url, indebted)).status).toBe(429);
    });
    await redis.kill();
    await bothShare(0);
    expect((await post(test.api.url, indebted)).status).toBe(429);
    const since = performance.now();
    const taken = await postUntilLimited([test.api.url], key, 200);
    const earned = (performance.now() - since) / 1000;
    expect(taken).toBeGreaterThanOrEqual(29);
    expect(taken).toBeLessThanOrEqual(30 + earned + 1);
    expect((await request(test.api.url).get('/readyz')).status).toBe(200);
    await eventually(async () => {
      const health = await request(test.api.url).get('/health');
      expect(health.body).toMatchObject({ error: { redis: { status: 'down' } } });
    });

    await redis.startAgain();
    await bothShare(1);
    // In turns, and beginning and ending shared: a Redis that is starved of CPU may have been away once more.
    const lines = test.lines.map(({ msg }) => msg).filter((msg) => typeof msg === 'string' && /Redis/.test(msg));
    const [shared, away] = [
      'The limits of the keys are shared through Redis.',
      'Redis is away: each replica grants its share of the limits.',
    ];
    expect(lines.length).toBeGreaterThanOrEqual(3);
    expect(lines).toEqual(lines.map((_, n) => (n % 2 === 0 ? shared : away)));
    expect(lines.at(-1)).toBe(shared);
  });
});

describeWithRedis('a Redis that is frozen', () => {
  it('keeps no post waiting, and nothing piles up', async () => {
    const redis = await RedisServer.start();
    const test = await runningApi({
      REDIS_URL: redis.url,
      RATE_LIMIT_EVENTS_PER_SECOND: '20',
      RATE_LIMIT_BURST: '100000',
    });
    try {
      const key = await test.addKey(['ingest']);
      await eventually(async () => {
        expect((await Scrape.of(test.api.url)).value('rate_limit_shared')).toBe(1);
      });
      const usual = await medianLatency(test.api.url, key);
      redis.signal('SIGSTOP');
      const frozen = await medianLatency(test.api.url, key);
      // The time-out of 50 ms would show in every post that waits for a lease.
      expect(frozen).toBeLessThan(usual + 45);
      expect((await Scrape.of(test.api.url)).value('rate_limit_shared')).toBe(0);
      redis.signal('SIGCONT');
      await eventually(async () => {
        expect((await Scrape.of(test.api.url)).value('rate_limit_shared')).toBe(1);
      });
      expect((await post(test.api.url, key)).status).toBe(202);
    } finally {
      redis.signal('SIGCONT');
      await test.stop();
      await redis.kill();
    }
  });

  it('and one that was never there, let the API start and take events', async () => {
    const test = await runningApi({ REDIS_URL: 'redis://127.0.0.1:1' });
    try {
      expect((await post(test.api.url, test.key)).status).toBe(202);
      expect((await request(test.api.url).get('/readyz')).status).toBe(200);
    } finally {
      await test.stop();
    }
  });
});

/** Of posts one after another, in milliseconds. */
async function medianLatency(url: string, key: string): Promise<number> {
  const taken: number[] = [];
  for (let n = 0; n < 100; n += 1) {
    const since = performance.now();
    expect((await post(url, key)).status).toBe(202);
    taken.push(performance.now() - since);
  }
  return taken.sort((a, b) => a - b)[50] ?? NaN;
}
