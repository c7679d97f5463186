import { Kafka, logLevel } from 'kafkajs';
import { pino } from 'pino';
import type { KafkaConfig } from '@app/config';
import { describeWithKafka, eventually, freshTopic, TcpProxy, type FreshTopic } from '@app/testing';
import { KafkaLogProbe } from './kafka-log-probe';

const DAY_MS = 86_400_000;

describeWithKafka('the probe of a Kafka topic', (brokers) => {
  let topic: FreshTopic;
  let kafka: Kafka;
  let probe: KafkaLogProbe;

  function config(changes: Partial<KafkaConfig> = {}): KafkaConfig {
    const { topic: name, group } = topic;
    const rest = { ssl: false, sasl: undefined, partitions: 3, sessionTimeoutMs: 6000 };
    return { brokers, topic: name, group, ...rest, ...changes };
  }

  beforeEach(async () => {
    topic = await freshTopic(brokers, 3, { 'retention.ms': String(30 * DAY_MS) });
    kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
    probe = new KafkaLogProbe(config(), pino({ level: 'silent' }));
    // A broker that has just started loads its groups when somebody asks for the first one.
    await eventually(() => probe.backlog());
  });
  afterEach(async () => {
    await probe.close();
    await topic.delete();
  });

  async function produce(ages: readonly number[]): Promise<void> {
    const producer = kafka.producer();
    await producer.connect();
    const messages = ages.map((age) => ({ partition: 1, value: 'x', timestamp: String(Date.now() - age) }));
    await producer.send({ topic: topic.topic, messages });
    await producer.disconnect();
  }

  async function commit(offset: number): Promise<void> {
    const admin = kafka.admin();
    await admin.connect();
    const partitions = [{ partition: 1, offset: String(offset) }];
    await admin.setOffsets({ groupId: topic.group, topic: topic.topic, partitions });
    await admin.disconnect();
  }

  it('tells what a group has not committed, without being a member', async () => {
    await produce([0, 0, 0]);
    expect((await probe.backlog()).partitions.get(1)).toEqual({ logEnd: 3, next: 0 });
    await commit(2);
    const { partitions, oldestUnreadMs, retentionMs } = await probe.backlog();
    expect(partitions.get(1)).toEqual({ logEnd: 3, next: 2 });
    expect(partitions.get(0)).toEqual({ logEnd: 0, next: 0 });
    expect([oldestUnreadMs, retentionMs]).toEqual([0, 30 * DAY_MS]);
  });

  it('finds the age of the oldest unread record, in steps', async () => {
    await produce([11 * DAY_MS, 2 * 3_600_000, 0]);
    expect((await probe.backlog()).oldestUnreadMs).toBe(10 * DAY_MS);
    await commit(1);
    expect((await probe.backlog()).oldestUnreadMs).toBe(3_600_000);
    await commit(2);
    expect((await probe.backlog()).oldestUnreadMs).toBe(0);
  });

  it('does not answer for a topic that is missing, nor for brokers that are away', async () => {
    const quiet = pino({ level: 'silent' });
    const missing = new KafkaLogProbe(config({ topic: `${topic.topic}.missing` }), quiet);
    await expect(missing.ping()).rejects.toThrow();
    await missing.close();
    const nobody = await TcpProxy.to(1);
    nobody.cut();
    const away = new KafkaLogProbe(config({ brokers: [`127.0.0.1:${nobody.port}`] }), quiet);
    await expect(away.ping()).rejects.toThrow();
    await away.close();
    await nobody.close();
    await expect(probe.ping()).resolves.toBeUndefined();
  });

  it('asks nothing more once it is closed: nobody would close that connection', async () => {
    await probe.close();
    await expect(probe.ping()).rejects.toThrow(/closed/);
    await expect(probe.backlog()).rejects.toThrow(/closed/);
  });
});
