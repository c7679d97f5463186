import type { LogConfig } from '@app/config';
import type { Database } from '@app/persistence';
import type { Logger } from 'pino';
import { KafkaLogProbe } from './kafka/kafka-log-probe';
import type { LogProbe } from './log-probe.port';
import { PostgresLogProbe } from './postgres/postgres-log-probe';

/** Connects when it is asked the first time. Whoever opens it closes it. */
export function openLogProbe(log: LogConfig, database: Database, logger: Logger): LogProbe {
  return log.kind === 'kafka' ? new KafkaLogProbe(log.kafka, logger) : new PostgresLogProbe(database, log);
}
