import { randomUUID } from 'node:crypto';
import request from 'supertest';
import { describeWithKafka, eventually, inTransaction, Scrape, TcpProxy } from '@app/testing';
import { Pipeline } from './pipeline';
import { produceRaw } from './raw-producer';

jest.setTimeout(120_000);

const HANGING = 'apps/consumer/test/hanging-consumer.cjs';

describeWithKafka('a consumer tells of itself', ([brokers = '']) => {
  let pipeline: Pipeline;

  beforeEach(async () => {
    pipeline = await Pipeline.open(brokers);
  });
  afterEach(() => pipeline.close());

  async function post(url: string, events: readonly object[]): Promise<void> {
    const answer = await request(url).post('/api/v1/events').set('X-API-Key', pipeline.key).send(events);
    expect(answer.status).toBe(202);
  }

  /** A consumer's way to the database, and the variable that sends it there. */
  async function proxied(): Promise<{ readonly proxy: TcpProxy; readonly DATABASE_URL: string }> {
    const url = new URL(pipeline.db.url);
    const proxy = await TcpProxy.to(Number(url.port), url.hostname);
    url.host = `127.0.0.1:${proxy.port}`;
    return { proxy, DATABASE_URL: url.href };
  }

  it('counts what became of every record, has no lag in the end, and accounts for all', async () => {
    const api = await pipeline.api();
    const repeated = randomUUID();
    const named = Array.from({ length: 300 }, (_, n) => ({ name: 'n', user_id: `u${n}` }));
    await post(api.url, named);
    for (let n = 0; n < 3; n += 1) await post(api.url, [{ event_id: repeated, name: 'again', user_id: 'u' }]);
    const headers = { project: '1' };
    await produceRaw(brokers, pipeline.topic.topic, [
      { partition: 0, value: 'garbage', headers },
      { partition: 5, value: null, headers },
    ]);
    const { url } = await pipeline.joinedConsumer();
    await eventually(async () => {
      const scrape = await Scrape.of(url);
      expect([
        scrape.value('events_persisted_total'),
        scrape.value('events_duplicate_total'),
        scrape.value('events_dead_lettered_total'),
        scrape.sum('consumer_lag_messages'),
      ]).toEqual([301, 2, 2, 0]);
    }, 30_000);
    const scrape = await Scrape.of(url);
    const batches = scrape.value('batch_persist_seconds_count') ?? 0;
    expect(batches).toBeGreaterThan(0);
    expect(scrape.value('batch_persist_seconds_bucket{le="+Inf"}')).toBe(batches);
    expect(scrape.value('unaccounted_events')).toBe(0);
    expect(scrape.value('consumer_assigned_partitions')).toBe(12);
    expect([scrape.value('database_up'), scrape.value('log_up'), scrape.value('consumer_stuck')]).toEqual([1, 1, 0]);
    expect(scrape.value('events_accepted_total')).toBeUndefined();
    const accepted = await Scrape.of(api.url);
    expect(accepted.value('events_accepted_total')).toBe(303);
  });

  it('tells of offsets that were passed without an outcome', async () => {
    const api = await pipeline.api();
    const { url } = await pipeline.joinedConsumer();
    await post(api.url, [{ name: 'n' }]);
    await pipeline.drained(30_000);
    await pipeline.db.database.query('UPDATE consumer_positions SET stored = stored - 1');
    await eventually(async () => {
      expect((await Scrape.of(url)).value('unaccounted_events')).toBe(1);
    });
  });

  it('shows its lag while PostgreSQL is away, names what is away, and stays alive', async () => {
    const api = await pipeline.api();
    const { proxy, DATABASE_URL } = await proxied();
    const { process, url } = await pipeline.joinedConsumer({ DATABASE_URL, MILLRACE_PROGRESS_TIMEOUT_MS: '1000' });
    proxy.cut();
    await post(
      api.url,
      Array.from({ length: 100 }, (_, n) => ({ name: 'n', user_id: `u${n}` })),
    );
    await process.logged('A batch failed: it comes again until it succeeds.');
    await post(
      api.url,
      Array.from({ length: 50 }, (_, n) => ({ name: 'm', user_id: `u${n}` })),
    );
    await eventually(async () => {
      const scrape = await Scrape.of(url);
      expect(scrape.sum('consumer_lag_messages')).toBe(150);
      expect(scrape.value('database_up')).toBe(0);
      expect(scrape.value('consumer_paused_partitions')).toBeGreaterThan(0);
      expect(scrape.value('batch_failures_total')).toBeGreaterThan(0);
    });
    const health = await request(url).get('/health');
    expect(health.status).toBe(503);
    expect(health.body).toMatchObject({
      status: 'error',
      error: { postgresql: { status: 'down' } },
      info: { kafka: { status: 'up' }, consumer: { status: 'up', joined: true } },
    });
    expect(Object.keys((health.body as { error: object }).error)).toEqual(['postgresql']);
    // The batch failed several times by now, each time longer ago than the limit of the watchdog.
    await eventually(async () => {
      expect((await Scrape.of(url)).value('batch_failures_total')).toBeGreaterThan(2);
    }, 30_000);
    expect((await request(url).get('/healthz')).status).toBe(200);

    proxy.heal();
    await eventually(async () => {
      expect((await Scrape.of(url)).sum('consumer_lag_messages')).toBe(0);
      expect((await request(url).get('/health')).status).toBe(200);
    }, 60_000);
    await process.kill();
    await proxy.close();
  });

  it('is not alive while it hangs, though records wait and PostgreSQL answers, and is again after', async () => {
    const api = await pipeline.api();
    const { process, url } = await pipeline.joinedConsumer({ MILLRACE_PROGRESS_TIMEOUT_MS: '3000' }, HANGING);
    await post(api.url, [{ name: 'n' }]);
    await eventually(async () => {
      const answer = await request(url).get('/healthz');
      expect([answer.status, answer.body]).toEqual([503, { status: 'stuck', parts: ['consumer'] }]);
    }, 60_000);
    const scrape = await Scrape.of(url);
    expect([scrape.value('consumer_stuck'), scrape.value('database_up')]).toEqual([1, 1]);
    const health = await request(url).get('/health');
    expect([health.status, Object.keys((health.body as { error: object }).error)]).toEqual([503, ['consumer']]);
    process.signal('SIGUSR2');
    await eventually(async () => {
      expect((await request(url).get('/healthz')).body).toEqual({ status: 'ok' });
    }, 60_000);
    await pipeline.drained(30_000);
  });

  it('stays alive while PostgreSQL answers and stores nothing: all consumers share that', async () => {
    const limitMs = 8000;
    const api = await pipeline.api();
    const { process, url } = await pipeline.joinedConsumer({ MILLRACE_PROGRESS_TIMEOUT_MS: String(limitMs) });
    await inTransaction(pipeline.db.url, async (query) => {
      await query('LOCK TABLE consumer_positions IN EXCLUSIVE MODE');
      await post(api.url, [{ name: 'n' }]);
      await process.logged('A batch failed: it comes again until it succeeds.');
      const failedAt = Date.now();
      const seen = new Set<string>();
      await eventually(async () => {
        const scrape = await Scrape.of(url);
        seen.add(`stuck ${scrape.value('consumer_stuck')}, database ${scrape.value('database_up')}`);
        expect(Date.now() - failedAt).toBeGreaterThan(1.5 * limitMs);
      }, 60_000);
      expect([...seen]).toEqual(['stuck 0, database 1']);
      expect((await request(url).get('/healthz')).status).toBe(200);
    });
    await pipeline.drained(60_000);
  });

  it('stays alive at a record of a newer version: that needs somebody, not a new start', async () => {
    const now = new Date().toISOString();
    const newer = { v: 2, event_id: randomUUID(), name: 'x', occurred_at: now, received_at: now, data: {} };
    await produceRaw(brokers, pipeline.topic.topic, [
      { partition: 0, value: JSON.stringify(newer), headers: { project: '1' } },
    ]);
    const { url } = await pipeline.joinedConsumer({ MILLRACE_PROGRESS_TIMEOUT_MS: '1000' });
    const progress = async (): Promise<unknown> => {
      const { details } = (await request(url).get('/health')).body as { details: { consumer: unknown } };
      return details.consumer;
    };
    await eventually(async () => {
      expect(await progress()).toMatchObject({ held: [0], lag: 1 });
    }, 30_000);
    // Three times the limit of the watchdog.
    const seen = Date.now();
    await eventually(async () => {
      expect((await request(url).get('/healthz')).status).toBe(200);
      expect(Date.now() - seen).toBeGreaterThan(3000);
    }, 30_000);
    expect((await Scrape.of(url)).value('consumer_held_partitions')).toBe(1);
  });
});
