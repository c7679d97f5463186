import {
  checkOutcomes,
  describeWithKafka,
  eventually,
  inTransaction,
  KafkaApi,
  KafkaProxy,
  Recorder,
  startKafkaBroker,
  type KafkaBroker,
  type Query,
} from '@app/testing';
import { Pipeline } from './pipeline';

jest.setTimeout(180_000);

const EVENTS = 50_000;

describeWithKafka('the pipeline under kill -9', () => {
  let proxy: KafkaProxy;
  let broker: KafkaBroker;
  let pipeline: Pipeline;

  beforeAll(async () => {
    proxy = await KafkaProxy.listen();
    broker = await startKafkaBroker({ proxied: { advertisedPort: proxy.port } });
    proxy.forwardTo(broker.proxiedPort!);
  });

  beforeEach(async () => {
    proxy.gate = () => true;
    pipeline = await Pipeline.open(broker.brokers);
  });

  afterEach(() => pipeline.close());

  afterAll(async () => {
    await broker.stop();
    await proxy.close();
  });

  /** Sends SIGKILL when the consumer behind the proxy commits an offset: its transaction is done, Kafka knows nothing of it. */
  async function killBetweenCommits(pid: number): Promise<void> {
    await new Promise<void>((resolve) => {
      proxy.gate = (apiKey) => {
        if (apiKey !== KafkaApi.offsetCommit) return true;
        process.kill(pid, 'SIGKILL');
        resolve();
        return false;
      };
    });
    proxy.gate = () => true;
  }

  /** Holds up every consumer that stores, until the transaction ends. */
  async function holdLedger(query: Query): Promise<void> {
    await query('LOCK TABLE event_ids IN SHARE MODE');
  }

  /** Runs `work` while at least one consumer waits in the middle of its transaction. */
  async function whileAConsumerIsInItsTransaction(work: () => Promise<void>): Promise<void> {
    await inTransaction(pipeline.db.url, async (query) => {
      await holdLedger(query);
      await eventually(async () => {
        const [row] = await query<{ waiting: number }>(
          `SELECT count(*)::int AS waiting FROM pg_locks WHERE relation = 'event_ids'::regclass AND NOT granted`,
        );
        expect(row?.waiting).toBeGreaterThanOrEqual(1);
      }, 40_000);
      await work();
    });
  }

  function record(api: { url: string }, events: number): { recorder: Recorder; done: Promise<unknown> } {
    const recorder = new Recorder({
      url: () => api.url,
      key: pipeline.key,
      connections: 16,
      events,
      eventsPerRequest: 20,
      eventOf: (number) => ({ name: 'crash', user_id: `u${number % 500}`, data: { number } }),
      retryUnknown: true,
      timeoutMs: 5000,
    });
    return { recorder, done: recorder.run() };
  }

  it('stores every acknowledged event exactly once, whoever is killed and whenever', async () => {
    const api = await pipeline.api();
    const proxied = pipeline.consumer(`127.0.0.1:${proxy.port}`);
    const others = [pipeline.consumer(), pipeline.consumer()];
    const { recorder, done } = record(api, EVENTS);

    await eventually(() => {
      expect(recorder.acknowledged).toBeGreaterThan(EVENTS * 0.1);
    }, 60_000);
    await killBetweenCommits(proxied.pid);
    others.push(pipeline.consumer());

    await eventually(() => {
      expect(recorder.acknowledged).toBeGreaterThan(EVENTS * 0.3);
    }, 60_000);
    // All of them: which one is in its transaction depends on how far the group has got with the loss of the first.
    await whileAConsumerIsInItsTransaction(async () => {
      await Promise.all(others.map((consumer) => consumer.kill()));
    });
    others.forEach(() => pipeline.consumer());

    await eventually(() => {
      expect(recorder.acknowledged).toBeGreaterThan(EVENTS * 0.6);
    }, 60_000);
    await api.process.kill();
    await pipeline.api(api.port);

    await done;
    await pipeline.drained(60_000);

    const check = checkOutcomes(recorder.log, await pipeline.storedIds(), []);
    expect(check).toMatchObject({ sent: EVENTS, ok: EVENTS, storedRows: EVENTS, violationCount: 0, violations: [] });
    for (const { firstOffset, nextOffset, stored, duplicate, dead, erased } of await pipeline.positions()) {
      expect(stored + duplicate + dead + erased).toBe(nextOffset - firstOffset);
    }
  });

  it('and the check notices a consumer that commits the offset before it stores', async () => {
    const api = await pipeline.api();
    const forgetful = pipeline.consumer(undefined, 'apps/consumer/test/forgetful-consumer.cjs');
    const { recorder, done } = record(api, 2000);
    await inTransaction(pipeline.db.url, async (query) => {
      await holdLedger(query);
      await done;
      await eventually(async () => {
        expect(await pipeline.committed()).toBe(2000);
      }, 40_000);
      await forgetful.kill();
    });
    const honest = pipeline.consumer();
    await honest.logged('Joined the consumer group.');

    const check = checkOutcomes(recorder.log, await pipeline.storedIds(), []);
    expect(check).toMatchObject({ ok: 2000, storedRows: 0, violationCount: 2000 });
    expect(new Set(check.violations.map(({ kind }) => kind))).toEqual(new Set(['lost']));
  });
});
