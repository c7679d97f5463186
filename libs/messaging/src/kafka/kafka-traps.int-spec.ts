import { setTimeout as delay } from 'node:timers/promises';
import { ConfigResourceTypes, Kafka, logLevel, type Admin } from 'kafkajs';
import type { KafkaConfig } from '@app/config';
import { PublishUnconfirmedError, RecordsRefusedError } from '@app/messaging';
import { describeWithKafka, eventually, freshTopic, freshTopicNames, type FreshTopic } from '@app/testing';
import { Inbox, offsetsOf } from '../../test/inbox';
import { produceSnappy } from '../../test/produce-snappy';
import { recordingLogger } from '../../test/recording-logger';
import { eventOf, eventsOf } from '../../test/sample-events';
import { TopicMissingError } from '../topic-missing.error';
import { ConsumerSession } from './consumer-session';
import { KafkaEventConsumer } from './kafka-event-consumer';
import { KafkaEventPublisher } from './kafka-event-publisher';
import { describeKafkaTopic, ensureKafkaTopic } from './kafka-topic';
import { PartitionProgress } from './partition-progress';

const SESSION_MS = 6000;
const ERROR_LEVEL = 50;
const limits = { timeoutMs: 10_000, queueEvents: 20_000, queueBytes: 32_000_000 };

describeWithKafka('Known traps of kafkajs', (brokers) => {
  const { logger, lines } = recordingLogger();
  const stops: (() => Promise<void>)[] = [];
  const fatal: unknown[] = [];

  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
    lines.length = 0;
    expect(fatal).toEqual([]);
  });

  function configOf({ topic, group }: FreshTopic): KafkaConfig {
    return { brokers, topic, group, ssl: false, sasl: undefined, partitions: 2, sessionTimeoutMs: SESSION_MS };
  }

  async function newTopic(): Promise<KafkaConfig> {
    const names = freshTopicNames(brokers);
    stops.push(() => names.delete());
    await ensureKafkaTopic(configOf(names), logger);
    return configOf(names);
  }

  function newConsumer(config: KafkaConfig, batchMaxEvents = 1000): KafkaEventConsumer {
    const options = {
      batchMaxEvents,
      retryMs: { first: 50, last: 100 },
      onFatal: (error: unknown) => fatal.push(error),
    };
    const consumer = new KafkaEventConsumer(config, options, logger);
    stops.push(() => consumer.stop());
    return consumer;
  }

  function newPublisher(config: KafkaConfig): KafkaEventPublisher {
    const publisher = new KafkaEventPublisher(config, limits, logger);
    stops.push(() => publisher.close());
    return publisher;
  }

  async function withAdmin<T>(act: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    return act(admin).finally(() => admin.disconnect());
  }

  it('makes the topic with the promised settings, also when three do it at once and again', async () => {
    const names = freshTopicNames(brokers);
    stops.push(() => names.delete());
    const config = { ...configOf(names), partitions: 12 };
    await Promise.all([1, 2, 3].map(() => ensureKafkaTopic(config, logger)));
    await ensureKafkaTopic(config, logger);
    const clusterId = expect.stringMatching(/^[\w-]{22}$/) as string;
    expect(await describeKafkaTopic(config, logger)).toEqual({
      clusterId,
      partitions: 12,
      replication: 1,
      minInsync: 1,
    });
    const { resources } = await withAdmin((admin) =>
      admin.describeConfigs({
        resources: [{ type: ConfigResourceTypes.TOPIC, name: names.topic }],
        includeSynonyms: false,
      }),
    );
    const settings = Object.fromEntries(
      resources[0]!.configEntries.map((entry) => [entry.configName, entry.configValue]),
    );
    expect(settings).toMatchObject({
      'compression.type': 'uncompressed',
      'cleanup.policy': 'delete',
      'max.message.bytes': '2097152',
      'retention.ms': '2592000000',
      'unclean.leader.election.enable': 'false',
    });
  });

  it('names the command when the topic is missing, and does not make it', async () => {
    const config = configOf(freshTopicNames(brokers));
    await expect(newConsumer(config).run(new Inbox().handler)).rejects.toThrow(/millrace migrate/);
    const publishing = newPublisher(config).publish([eventOf('u', 1)], { requestId: 'r' });
    await expect(publishing).rejects.toThrow(PublishUnconfirmedError);
    await expect(publishing).rejects.toHaveProperty('cause', expect.any(TopicMissingError));
    expect(await withAdmin((admin) => admin.listTopics())).not.toContain(config.topic);
  });

  it.each([new TypeError('t'), new SyntaxError('s'), new RangeError('r'), 'no error at all'])(
    'goes on after a handler that threw %p',
    async (thrown) => {
      const config = await newTopic();
      const inbox = new Inbox();
      inbox.failure = thrown as Error;
      await newPublisher(config).publish(eventsOf('u', 5), { requestId: 'r' });
      await newConsumer(config).run(inbox.handler);
      await eventually(() => {
        expect(inbox.refused).toBeGreaterThan(2);
      });
      inbox.failure = undefined;
      await eventually(() => {
        expect(inbox.received).toHaveLength(5);
      });
      expect(lines.filter(({ msg }) => msg.startsWith('A batch failed'))).toHaveLength(1);
    },
  );

  it('reads what a foreign producer compressed with a codec that kafkajs does not have', async () => {
    const config = await newTopic();
    const values = ['x'.repeat(500), 'y'.repeat(500)];
    await produceSnappy(brokers, config.topic, values);
    const inbox = new Inbox();
    await newConsumer(config).run(inbox.handler);
    await eventually(() => {
      expect(inbox.values()).toEqual(values);
    });
  });

  it('holds a partition whose records it cannot unpack, alarms once, and reads the others', async () => {
    const names = await freshTopic(brokers, 2); // keeps what it gets; ours has the broker unpack it
    stops.push(() => names.delete());
    await produceSnappy(brokers, names.topic, ['packed']);
    const publisher = newPublisher(configOf(names));
    const users = Array.from({ length: 20 }, (_, user) => eventOf(`u${user}`, user));
    await publisher.publish(users, { requestId: 'r' });
    const inbox = new Inbox();
    const consumer = newConsumer(configOf(names));
    await consumer.run(inbox.handler);
    await eventually(() => {
      expect(inbox.received.length).toBeGreaterThan(0);
      expect(consumer.status().held).toEqual([0]);
    });
    expect(new Set(inbox.received.map(({ partition }) => partition))).toEqual(new Set([1]));
    const alarm = lines.filter(({ msg }) => msg.startsWith('A partition is held'));
    expect(alarm).toMatchObject([{ level: ERROR_LEVEL, partition: 0, offset: 0 }]);
  });

  it('publishes 5 MB of one user where the topic takes 1 MB at once', async () => {
    const names = await freshTopic(brokers, 2);
    stops.push(() => names.delete());
    const events = Array.from({ length: 20 }, (_, number) => eventOf('u', number, { filler: 'x'.repeat(250_000) }));
    await newPublisher(configOf(names)).publish(events, { requestId: 'r' });
    const inbox = new Inbox();
    await newConsumer(configOf(names)).run(inbox.handler);
    await eventually(() => {
      expect(inbox.received).toHaveLength(20);
    });
  });

  it('keeps its membership while a handler call takes longer than the session', async () => {
    const config = await newTopic();
    const inbox = new Inbox();
    let calls = 0;
    const slow: typeof inbox.handler = async (batches) => {
      calls += 1;
      if (calls === 1) await delay(SESSION_MS + 1500);
      return inbox.handler(batches);
    };
    await newPublisher(config).publish(eventsOf('u', 3), { requestId: 'r' });
    const consumer = newConsumer(config);
    await consumer.run(slow);
    await eventually(() => {
      expect(inbox.received).toHaveLength(3);
      expect(consumer.status().lastCommitAt).toBeDefined();
    });
    await newPublisher(config).publish(eventsOf('u', 3), { requestId: 'r' });
    await eventually(() => {
      expect(inbox.received).toHaveLength(6);
    });
    expect(lines.filter(({ msg }) => msg.startsWith('Joined'))).toHaveLength(1);
  });

  it('leaves what it has not handled to the group when another member joins in the middle', async () => {
    const config = await newTopic();
    const inbox = new Inbox();
    const slow: typeof inbox.handler = async (batches) => {
      await delay(200);
      return inbox.handler(batches);
    };
    const publisher = newPublisher(config);
    for (let user = 0; user < 20; user += 1) await publisher.publish(eventsOf(`u${user}`, 50), { requestId: 'r' });
    await newConsumer(config, 20).run(slow);
    await newConsumer(config, 20).run(inbox.handler);
    await eventually(() => {
      expect(new Set(inbox.received.map(({ partition, offset }) => `${partition}/${offset}`)).size).toBe(1000);
    }, 25_000);
    const offsets = await withAdmin((admin) => admin.fetchOffsets({ groupId: config.group, topics: [config.topic] }));
    const committed = offsets[0]!.partitions.reduce((sum, { offset }) => sum + Number(offset), 0);
    expect(committed).toBeLessThanOrEqual(1000);
  });

  it('raises an alarm and starts at the oldest record when its offset is gone from the log', async () => {
    const config = await newTopic();
    const inbox = new Inbox();
    await newPublisher(config).publish(eventsOf('u', 10), { requestId: 'r' });
    const first = newConsumer(config);
    await first.run(inbox.handler);
    await eventually(() => {
      expect(inbox.received).toHaveLength(10);
    });
    await first.stop();
    await newPublisher(config).publish(eventsOf('u', 10), { requestId: 'r' });
    const { partition } = inbox.received[0]!;
    await withAdmin(async (admin) => {
      await admin.fetchTopicOffsets(config.topic); // or kafkajs does not know the topic
      await admin.deleteTopicRecords({ topic: config.topic, partitions: [{ partition, offset: '15' }] });
    });
    await newConsumer(config).run(inbox.handler);
    await eventually(() => {
      expect(offsetsOf(inbox.received, partition).slice(10)).toEqual([15, 16, 17, 18, 19]);
    });
    expect(lines.filter(({ level }) => level === ERROR_LEVEL)).toHaveLength(1);
  });

  it('refuses an event that the broker refuses, and nobody else', async () => {
    const names = await freshTopic(brokers, 2, { 'max.message.bytes': '20000' });
    stops.push(() => names.delete());
    const publisher = newPublisher(configOf(names));
    const large = eventOf('u', 1, { filler: 'x'.repeat(50_000) });
    await expect(publisher.publish([large], { requestId: 'r' })).rejects.toThrow(RecordsRefusedError);
    await publisher.publish([eventOf('u', 2)], { requestId: 'r' });
  });

  it('begins nothing more when it is stopped while it looks at the topic', async () => {
    const joined: unknown[] = [];
    const stopped: Promise<void>[] = [];
    const session: ConsumerSession = new ConsumerSession(
      await newTopic(),
      {
        batchMaxEvents: 10,
        progress: new PartitionProgress(),
        pauses: { firstRetryMs: 50, lastRetryMs: 100, heldRetryMs: 100 },
        onTopic: () => stopped.push(session.stop()),
        onJoined: (assigned) => joined.push(assigned),
        formerMemberId: undefined,
        onCommitted: () => undefined,
      },
      () => Promise.resolve([]),
      logger,
    );
    await expect(session.start()).rejects.toThrow('was stopped');
    await Promise.all(stopped);
    expect(joined).toEqual([]);
  });
});
