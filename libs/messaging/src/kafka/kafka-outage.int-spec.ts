import { pino } from 'pino';
import type { KafkaConfig } from '@app/config';
import { PublishUnconfirmedError } from '@app/messaging';
import { describeWithKafka, eventually, freshTopicNames, startKafkaBroker, type KafkaBroker } from '@app/testing';
import { Inbox } from '../../test/inbox';
import { eventOf, eventsOf, numbersOf } from '../../test/sample-events';
import { KafkaEventConsumer } from './kafka-event-consumer';
import { KafkaEventPublisher } from './kafka-event-publisher';
import { ensureKafkaTopic } from './kafka-topic';

const logger = pino({ level: 'silent' });
const limits = { timeoutMs: 10_000, queueEvents: 20_000, queueBytes: 32_000_000 };

async function elapsedMs(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

// A broker of its own: these tests take it away.
describeWithKafka('Kafka going away and coming back', (given) => {
  let broker: KafkaBroker;
  let config: KafkaConfig;
  let publisher: KafkaEventPublisher;
  let consumer: KafkaEventConsumer;
  const fatal: unknown[] = [];

  beforeAll(async () => {
    broker = await startKafkaBroker();
  }, 60_000);
  afterAll(() => broker.stop());

  beforeEach(async () => {
    expect(given).not.toContain(broker.brokers);
    const { topic, group } = freshTopicNames([broker.brokers]);
    const brokers = [broker.brokers];
    config = { brokers, topic, group, ssl: false, sasl: undefined, partitions: 12, sessionTimeoutMs: 6000 };
    await ensureKafkaTopic(config, logger);
    publisher = new KafkaEventPublisher(config, limits, logger);
    const options = { batchMaxEvents: 1000, onFatal: (error: unknown) => fatal.push(error) };
    consumer = new KafkaEventConsumer(config, options, logger);
  });
  afterEach(async () => {
    await Promise.all([publisher.close(), consumer.stop()]);
    expect(fatal).toEqual([]);
  });

  it('refuses within 50 ms while Kafka is dead, then publishes and consumes again by itself', async () => {
    const inbox = new Inbox();
    await consumer.run(inbox.handler);
    await publisher.publish([eventOf('u', 0)], { requestId: 'r' });
    await broker.kill();
    const noticed = await elapsedMs(() =>
      expect(publisher.publish([eventOf('u', -1)], { requestId: 'r' })).rejects.toThrow(PublishUnconfirmedError),
    );
    expect(noticed).toBeLessThan(10_500);
    const refused = await elapsedMs(() =>
      expect(publisher.publish([eventOf('u', -1)], { requestId: 'r' })).rejects.toThrow(PublishUnconfirmedError),
    );
    expect(refused).toBeLessThan(50);
    await broker.start();
    await eventually(() => publisher.publish([eventOf('u', 1)], { requestId: 'r' }), 20_000);
    await eventually(() => {
      expect(numbersOf(inbox.received, 'u').filter((n) => n !== -1)).toEqual([0, 1]);
    }, 30_000);
  }, 90_000);

  it('gives up on a frozen Kafka in 10 s for the first caller and at once for the next, and recovers', async () => {
    const inbox = new Inbox();
    await consumer.run(inbox.handler);
    await publisher.publish([eventOf('u', 0)], { requestId: 'r' });
    broker.pause();
    const noticed = await elapsedMs(() =>
      expect(publisher.publish([eventOf('u', -1)], { requestId: 'r' })).rejects.toThrow(PublishUnconfirmedError),
    );
    expect(noticed).toBeGreaterThan(2900);
    expect(noticed).toBeLessThan(10_500);
    const refused = await elapsedMs(() =>
      expect(publisher.publish([eventOf('u', -1)], { requestId: 'r' })).rejects.toThrow(PublishUnconfirmedError),
    );
    expect(refused).toBeLessThan(50);
    broker.resume();
    await eventually(() => publisher.publish([eventOf('u', 1)], { requestId: 'r' }), 20_000);
    await eventually(() => {
      const last = numbersOf(inbox.received, 'u').at(-1);
      expect(last).toBe(1);
    }, 30_000);
  }, 90_000);

  it('loses no confirmed event when the broker restarts under load', async () => {
    const inbox = new Inbox();
    const confirmed: unknown[] = [];
    await consumer.run(inbox.handler);
    let restarted = false;
    const keepPublishing = async (user: string): Promise<void> => {
      for (let n = 0; !restarted || n < 200; n += 1) {
        await publisher.publish([eventOf(user, n)], { requestId: 'r' }).then(
          () => confirmed.push(`${user}/${n}`),
          () => new Promise((resolve) => setTimeout(resolve, 20)),
        );
      }
    };
    const users = ['a', 'b', 'c', 'd'];
    const publishing = Promise.all(users.map(keepPublishing));
    await broker.restart();
    await eventually(() => publisher.publish([eventOf('after', 0)], { requestId: 'r' }), 20_000);
    restarted = true;
    await publishing;
    await eventually(() => {
      const seen = new Set(users.flatMap((user) => numbersOf(inbox.received, user).map((n) => `${user}/${String(n)}`)));
      expect(confirmed.filter((name) => !seen.has(String(name)))).toEqual([]);
    }, 30_000);
  }, 90_000);

  it('reads again soon after a restart of the broker, without waiting for the sessions of before to end', async () => {
    const patient = new KafkaEventConsumer(
      { ...config, sessionTimeoutMs: 60_000 },
      { batchMaxEvents: 1000, onFatal: (error) => fatal.push(error) },
      logger,
    );
    const inbox = new Inbox();
    try {
      await patient.run(inbox.handler);
      await broker.restart();
      await eventually(() => publisher.publish([eventOf('u', 1)], { requestId: 'r' }), 20_000);
      await eventually(() => {
        expect(numbersOf(inbox.received, 'u')).toContain(1);
      }, 30_000);
    } finally {
      await patient.stop();
    }
  }, 90_000);

  it('waits for brokers that are not there yet', async () => {
    const inbox = new Inbox();
    await broker.kill();
    publisher.start();
    const running = consumer.run(inbox.handler);
    await broker.start();
    await running;
    await eventually(() => publisher.publish(eventsOf('u', 3), { requestId: 'r' }), 20_000);
    await eventually(() => {
      expect(numbersOf(inbox.received, 'u')).toEqual([0, 1, 2]);
    });
  }, 90_000);

  it('can be stopped while it waits for brokers', async () => {
    await broker.kill();
    const running = consumer.run(new Inbox().handler);
    const stopped = await elapsedMs(async () => {
      await consumer.stop();
      await running;
    });
    expect(stopped).toBeLessThan(11_000);
    await broker.start();
  }, 90_000);
});
