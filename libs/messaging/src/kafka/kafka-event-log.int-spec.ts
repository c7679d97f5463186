import { pino } from 'pino';
import { Kafka, logLevel } from 'kafkajs';
import type { KafkaConfig } from '@app/config';
import { describeWithKafka, freshTopicNames } from '@app/testing';
import {
  CONTRACT_BATCH_MAX_EVENTS,
  CONTRACT_PARTITIONS,
  describeEventLog,
  type EventLogUnderTest,
  type RawRecord,
} from '../../test/event-log.contract';
import { KafkaEventConsumer } from './kafka-event-consumer';
import { KafkaEventPublisher } from './kafka-event-publisher';
import { KafkaEventTail } from './kafka-event-tail';
import { ensureKafkaTopic } from './kafka-topic';

const limits = { timeoutMs: 10_000, queueEvents: 20_000, queueBytes: 32_000_000 };

async function openKafkaLog(brokers: readonly string[]): Promise<EventLogUnderTest> {
  const names = freshTopicNames(brokers);
  const logger = pino({ level: 'silent' });
  const config: KafkaConfig = {
    brokers,
    topic: names.topic,
    group: names.group,
    ssl: false,
    sasl: undefined,
    partitions: CONTRACT_PARTITIONS,
    sessionTimeoutMs: 6000,
  };
  await ensureKafkaTopic(config, logger);
  const publisher = new KafkaEventPublisher(config, limits, logger);
  const tail = new KafkaEventTail(config, logger);
  const consumers: KafkaEventConsumer[] = [];
  const newConsumer = (): KafkaEventConsumer => {
    const options = {
      batchMaxEvents: CONTRACT_BATCH_MAX_EVENTS,
      heldRetryMs: 300,
      retryMs: { first: 100, last: 200 },
      onFatal: (error: unknown) => {
        throw error;
      },
    };
    const consumer = new KafkaEventConsumer(config, options, logger);
    consumers.push(consumer);
    return consumer;
  };
  const close = async (): Promise<void> => {
    await Promise.all([publisher.close(), tail.close(), ...consumers.map((consumer) => consumer.stop())]);
    await names.delete();
  };
  const forget = (partition: number, offset: number): Promise<void> => deleteRecords(config, partition, offset);
  return { publisher, newConsumer, tail, forget, produceRaw: (records) => produce(config, records), close };
}

async function deleteRecords({ brokers, topic }: KafkaConfig, partition: number, offset: number): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.fetchTopicMetadata({ topics: [topic] }); // without it kafkajs knows no leaders
  await admin.fetchTopicOffsets(topic);
  await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
  await admin.disconnect();
}

async function produce({ brokers, topic }: KafkaConfig, records: readonly RawRecord[]): Promise<void> {
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
  const producer = kafka.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
  await producer.connect();
  const messages = records.map(({ headers = {}, ...record }) => ({ ...record, headers: { ...headers } }));
  await producer.send({ topic, messages });
  await producer.disconnect();
}

describeWithKafka('The event log on Kafka', (brokers) => {
  describeEventLog(() => openKafkaLog(brokers));
});
