import type { INestApplication } from '@nestjs/common';
import type { Logger } from 'pino';
import type { ConsumerConfig } from '@app/config';
import { EventConsumer } from '@app/messaging';
import { createWorkerApp } from '@app/observability';
import { Database, waitForCurrentSchema } from '@app/persistence';
import { ConsumerModule, type ConsumerHooks } from './consumer.module';
import { PartitionKeeper } from './partition-keeper';
import { PersistMeter } from './persist-meter';

/** A running member of the consumer group. */
export interface RunningConsumer {
  readonly app: INestApplication;
  /** Lets the running batch finish, commits its offsets, leaves the group, disconnects. May be called twice. */
  close(): Promise<void>;
}

async function consume(app: INestApplication, signal: AbortSignal): Promise<void> {
  await waitForCurrentSchema(app.get(Database), signal);
  await app.get(PartitionKeeper).start();
  signal.throwIfAborted();
  await app.get(EventConsumer).run(app.get(PersistMeter).handle);
}

/**
 * Starts one consumer. Resolves once its health server listens (if it has one); it joins its group as soon as
 * PostgreSQL and the log are there.
 */
export async function startConsumer(
  config: ConsumerConfig,
  logger: Logger,
  hooks: ConsumerHooks,
): Promise<RunningConsumer> {
  const app = await createWorkerApp(ConsumerModule.with(config, logger, hooks), config.healthPort, logger);
  const stopping = new AbortController();
  const started = consume(app, stopping.signal).catch((error: unknown) => {
    if (!stopping.signal.aborted) hooks.onFatal(error);
  });
  const close = async (): Promise<void> => {
    stopping.abort();
    await app.get(EventConsumer).stop();
    await started;
    app.get(PartitionKeeper).stop();
    await app.close();
  };
  let closing: Promise<void> | undefined;
  return { app, close: () => (closing ??= close()) };
}
