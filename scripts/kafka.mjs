// npm run kafka: one real Kafka broker for people. Data in .millrace/kafka, port 9092 or KAFKA_PORT. Ctrl-C ends it.
import path from 'node:path';
import kafka from '../libs/testing/src/kafka/broker-process.cjs';

const port = Number(process.env.KAFKA_PORT ?? 9092);
const dataDir = path.resolve(process.env.MILLRACE_DATA_DIR ?? '.millrace', 'kafka');
const stopAsked = new Promise((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => resolve('stop'));
});

try {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error('KAFKA_PORT must be a port number.');
  console.log('Starting Kafka …');
  const broker = await kafka.startKafkaBroker({ dataDir, port, onProgress: (line) => console.log(line) });
  console.log(`Kafka is ready. Data: ${dataDir}. Ctrl-C ends it.\n\n  KAFKA_BROKERS=${broker.brokers}\n`);
  if ((await Promise.race([stopAsked, broker.ended()])) !== 'stop') {
    throw new Error(`the broker ended by itself; its log is ${broker.logFile}`);
  }
  await broker.stop();
  console.log('Kafka has ended.');
} catch (error) {
  const hint = /is taken/.test(error.message) ? ' Stop what uses it, or set KAFKA_PORT.' : '';
  console.error(`Kafka does not run: ${error.message}${hint}`);
  process.exitCode = 1;
}
