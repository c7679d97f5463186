import { pino } from 'pino';
import { describeWithKafka, freshTopicNames } from '@app/testing';
import { KafkaClient } from './kafka-client';

describeWithKafka('A connection to Kafka', (brokers) => {
  it('does not begin to look for throttled requests when there are none', async () => {
    const setTimer = jest.spyOn(globalThis, 'setTimeout');
    const { topic, group } = freshTopicNames(brokers);
    const config = { brokers, topic, group, ssl: false, sasl: undefined, partitions: 1, sessionTimeoutMs: 6000 };
    const client = new KafkaClient(config, { requestTimeoutMs: 3000, retries: 0 }, pino({ level: 'silent' }));
    const admin = client.kafka.admin();
    await admin.connect();
    await admin.listTopics();
    await admin.disconnect();
    client.destroy();
    const waits = setTimer.mock.calls.map(([, wait]) => wait ?? 0);
    setTimer.mockRestore();
    expect(waits.filter((wait) => wait < 0)).toEqual([]);
  });
});
