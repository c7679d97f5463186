import type { LogConfig } from '@app/config';
import type { Database } from '@app/persistence';
import type { Logger } from 'pino';
import { isPassing } from './kafka/kafka-error';
import { ensureKafkaTopic } from './kafka/kafka-topic';
import { LogUnavailableError } from './log-unavailable.error';
import { ensureEmbeddedLog } from './postgres/embedded-log';

/**
 * Makes the topic that the configuration names, unless it is there. Safe to repeat, and when several do it at once.
 *
 * @throws {PipelineError} retriable when the log, or the database that holds it, is away.
 */
export async function ensureLog(config: LogConfig, database: Database, logger: Logger): Promise<void> {
  if (config.kind === 'postgres') {
    await ensureEmbeddedLog(database, config);
    return;
  }
  await ensureKafkaTopic(config.kafka, logger).catch((error: unknown) => {
    if (!isPassing(error)) throw error;
    throw new LogUnavailableError(`Kafka cannot be reached (${(error as Error).message}).`, { cause: error });
  });
}
