import { describeWithKafka, eventually } from '@app/testing';
import { Pipeline } from './pipeline';

jest.setTimeout(90_000);

describeWithKafka('a consumer process', ([brokers = '']) => {
  let pipeline: Pipeline;

  beforeEach(async () => {
    pipeline = await Pipeline.open(brokers);
  });

  afterEach(() => pipeline.close());

  it('ends with 1 when kafkajs gives up for good, so that somebody starts it again', async () => {
    const consumer = pipeline.consumer(brokers, 'apps/consumer/test/crashing-consumer.cjs');
    const line = await consumer.logged('The process cannot go on.');
    expect(line).toMatchObject({ level: 'fatal' });
    await eventually(() => {
      expect(consumer.exitCode).toBe(1);
    }, 30_000);
  });
});
