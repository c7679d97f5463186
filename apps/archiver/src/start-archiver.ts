import type { INestApplication } from '@nestjs/common';
import type { Logger } from 'pino';
import type { ArchiverConfig } from '@app/config';
import { createWorkerApp } from '@app/observability';
import { Database, waitForCurrentSchema } from '@app/persistence';
import { ArchiverLoop } from './archiver-loop';
import { ArchiverModule, type ArchiverHooks } from './archiver.module';

/** A running archiver. */
export interface RunningArchiver {
  readonly app: INestApplication;
  /** Gives up the segment at hand, or publishes it when it is nearly done, and disconnects. May be called twice. */
  close(): Promise<void>;
}

/**
 * Starts one archiver. Resolves once its health server listens (if it has one); it works as soon as PostgreSQL is there.
 */
export async function startArchiver(
  config: ArchiverConfig,
  logger: Logger,
  hooks: ArchiverHooks,
): Promise<RunningArchiver> {
  const app = await createWorkerApp(ArchiverModule.with(config, logger, hooks), config.healthPort, logger);
  const stopping = new AbortController();
  const started = waitForCurrentSchema(app.get(Database), stopping.signal)
    .then(() => {
      app.get(ArchiverLoop).start();
    })
    .catch((error: unknown) => {
      if (!stopping.signal.aborted) hooks.onFatal(error);
    });
  const close = async (): Promise<void> => {
    stopping.abort();
    await started;
    await app.get(ArchiverLoop).stop();
    await app.close();
  };
  let closing: Promise<void> | undefined;
  return { app, close: () => (closing ??= close()) };
}
