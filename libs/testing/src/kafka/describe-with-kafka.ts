import { kafkaAvailability } from './kafka-broker';

/** The broker of this test run, or undefined where there is none. */
export function testKafkaBrokers(): readonly string[] | undefined {
  const list = process.env['TEST_KAFKA_BROKERS'];
  return list === undefined || list === '' ? undefined : list.split(',');
}

/**
 * `describe` for tests on a real Kafka. Without one the suite says that it did not run, and why; under CI=true that is a
 * failure.
 */
export function describeWithKafka(name: string, define: (brokers: readonly string[]) => void): void {
  const brokers = testKafkaBrokers();
  describe(name, () => {
    if (brokers !== undefined) {
      define(brokers);
      return;
    }
    const kafka = kafkaAvailability();
    const reason = kafka.available ? 'TEST_KAFKA_BROKERS is not set.' : kafka.reason;
    it(`NOT RUN: ${reason}`, () => {
      if (process.env['CI'] === 'true') throw new Error(`Kafka is mandatory under CI=true. ${reason}`);
      process.stderr.write(`NOT RUN: ${name}: ${reason}\n`);
    });
  });
}
