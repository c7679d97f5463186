import { pino } from 'pino';
import { freshDatabase } from '@app/testing';
import {
  CONTRACT_BATCH_MAX_EVENTS,
  CONTRACT_PARTITIONS,
  describeEventLog,
  type EventLogUnderTest,
} from '../../test/event-log.contract';
import { appendRecords } from './append-records';
import { ensureEmbeddedLog } from './embedded-log';
import { PostgresEventConsumer } from './postgres-event-consumer';
import { PostgresEventPublisher } from './postgres-event-publisher';
import { PostgresEventTail } from './postgres-event-tail';
import { encodeHeaders } from './record-headers.codec';

const topic = 'events.v1';
const group = 'contract';
const limits = { timeoutMs: 10_000, queueEvents: 20_000, queueBytes: 32_000_000 };
const logger = pino({ level: 'silent' });

async function openEmbeddedLog(): Promise<EventLogUnderTest> {
  const fresh = await freshDatabase();
  const { database } = fresh;
  await ensureEmbeddedLog(database, { topic, partitions: CONTRACT_PARTITIONS });
  const publisher = new PostgresEventPublisher(database, { topic, publish: limits }, logger);
  const tail = new PostgresEventTail(database, topic, logger);
  const consumers: PostgresEventConsumer[] = [];
  return {
    publisher,
    tail,
    forget: async (partition, offset) => {
      const old = 'DELETE FROM log_records WHERE topic = $1 AND partition = $2 AND "offset" < $3';
      await database.query(old, [topic, partition, offset]);
    },
    newConsumer: () => {
      const batchMaxEvents = CONTRACT_BATCH_MAX_EVENTS;
      const options = { group, topic, batchMaxEvents, heldRetryMs: 300, retryMs: { first: 100, last: 200 } };
      const consumer = new PostgresEventConsumer(database, options, logger);
      consumers.push(consumer);
      return consumer;
    },
    produceRaw: (records) =>
      appendRecords(
        database,
        topic,
        records.map(({ headers = {}, ...record }) => {
          const values = Object.entries(headers).map(([name, value]) => [name, Buffer.from(value)] as const);
          return { ...record, headers: encodeHeaders(Object.fromEntries(values)) };
        }),
      ),
    close: async () => {
      await Promise.all([publisher.close(), tail.close(), ...consumers.map((consumer) => consumer.stop())]);
      await fresh.drop();
    },
  };
}

describe('The event log on PostgreSQL', () => {
  describeEventLog(openEmbeddedLog);
});
