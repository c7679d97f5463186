import { describeWith } from '../describe-with';
import { kafkaAvailability } from './kafka-broker';

/** The broker of this test run, or undefined where there is none. */
export function testKafkaBrokers(): readonly string[] | undefined {
  const list = process.env['TEST_KAFKA_BROKERS'];
  return list === undefined || list === '' ? undefined : list.split(',');
}

/** See `describeWith`. */
export function describeWithKafka(name: string, define: (brokers: readonly string[]) => void): void {
  const brokers = testKafkaBrokers();
  const missing = brokers === undefined ? whyNot() : undefined;
  describeWith('A real Kafka', missing, name, () => {
    define(brokers ?? []);
  });
}

function whyNot(): string {
  const kafka = kafkaAvailability();
  return kafka.available ? 'TEST_KAFKA_BROKERS is not set.' : kafka.reason;
}
