import { pino } from 'pino';
import { Kafka, logLevel } from 'kafkajs';
import type { KafkaConfig } from '@app/config';
import type { TailReader } from '@app/messaging';
import { describeWithKafka, eventually, freshTopic, startKafkaBroker, type FreshTopic } from '@app/testing';
import { produceSnappy } from '../../test/produce-snappy';
import { eventsOf } from '../../test/sample-events';
import { KafkaEventPublisher } from './kafka-event-publisher';
import { KafkaEventTail } from './kafka-event-tail';

const logger = pino({ level: 'silent' });
const limits = { timeoutMs: 10_000, queueEvents: 20_000, queueBytes: 32_000_000 };
const START: readonly number[] = new Array<number>(3).fill(0);

function configOf({ brokers, topic, group }: FreshTopic): KafkaConfig {
  return { brokers, topic, group, ssl: false, sasl: undefined, partitions: 3, sessionTimeoutMs: 6000 };
}

/** Reads until there are so many records; the log may be away meanwhile. */
async function readRecords(reader: TailReader, count: number): Promise<number> {
  let found = 0;
  await eventually(async () => {
    for (const { records } of await reader.read()) found += records.length;
    expect(found).toBeGreaterThanOrEqual(count);
  }, 30_000);
  return found;
}

describeWithKafka('The tail of a Kafka topic', (brokers) => {
  it('leaves no group behind', async () => {
    const topic = await freshTopic(brokers, 3);
    const tail = new KafkaEventTail(configOf(topic), logger);
    const publisher = new KafkaEventPublisher(configOf(topic), limits, logger);
    const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const groupsOf = async (): Promise<string[]> => (await admin.listGroups()).groups.map(({ groupId }) => groupId);
    const before = await groupsOf();
    const reader = tail.open(START);
    await publisher.publish(eventsOf('u', 10), { requestId: 'r' });
    expect(await readRecords(reader, 10)).toBe(10);
    const after = await groupsOf();
    expect(after.filter((group) => !before.includes(group) && group.includes(topic.topic))).toEqual([]);
    await Promise.all([tail.close(), publisher.close(), admin.disconnect()]);
    await topic.delete();
  });

  it('goes on by itself after the broker was away, without a gap and without a repeat', async () => {
    const broker = await startKafkaBroker();
    const topic = await freshTopic([broker.brokers], 3);
    const tail = new KafkaEventTail(configOf(topic), logger);
    const publisher = new KafkaEventPublisher(configOf(topic), limits, logger);
    try {
      const reader = tail.open(START);
      await publisher.publish(eventsOf('u', 10), { requestId: 'r' });
      expect(await readRecords(reader, 10)).toBe(10);
      await broker.kill();
      await expect(reader.read()).resolves.toEqual([]);
      await expect(tail.bounds()).rejects.toThrow(/Kafka cannot be reached/);
      await broker.start();
      // Some may be on it twice: the publisher was told nothing of a try that came through.
      await eventually(() => publisher.publish(eventsOf('v', 5), { requestId: 'r' }), 20_000);
      const { partitions } = await eventually(() => tail.bounds(), 20_000);
      const published = partitions.reduce((sum, { end }) => sum + end, 0);
      expect(10 + (await readRecords(reader, published - 10))).toBe(published);
    } finally {
      await Promise.all([tail.close(), publisher.close()]);
      await broker.stop();
    }
  }, 90_000);

  it('reads the other partitions while one has records that cannot be read', async () => {
    const topic = await freshTopic(brokers, 3, { 'compression.type': 'producer' });
    const tail = new KafkaEventTail(configOf(topic), logger);
    const publisher = new KafkaEventPublisher(configOf(topic), limits, logger);
    await produceSnappy(brokers, topic.topic, ['x']); // partition 0
    const reader = tail.open(START);
    const users = Array.from({ length: 30 }, (_, n) => `user-${n}`);
    await publisher.publish(
      users.flatMap((user) => eventsOf(user, 1)),
      { requestId: 'r' },
    );
    const { partitions } = await tail.bounds();
    const readable = (partitions[1]?.end ?? 0) + (partitions[2]?.end ?? 0);
    expect(readable).toBeGreaterThan(0);
    expect(await readRecords(reader, readable)).toBe(readable);
    await Promise.all([tail.close(), publisher.close()]);
    await topic.delete();
  });
});
