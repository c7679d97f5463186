import type { LogConfig } from '@app/config';
import type { Database } from '@app/persistence';
import type { Logger } from 'pino';
import { ensureKafkaTopic } from './kafka/kafka-topic';
import { ensureEmbeddedLog } from './postgres/embedded-log';

/** Makes the topic that the configuration names, unless it is there. Safe to repeat, and when several do it at once. */
export async function ensureLog(config: LogConfig, database: Database, logger: Logger): Promise<void> {
  if (config.kind === 'kafka') await ensureKafkaTopic(config.kafka, logger);
  else await ensureEmbeddedLog(database, config);
}
