import type { Logger } from 'pino';

/** Something that a process runs until it is told to stop. */
export interface Stoppable {
  close(): Promise<void>;
}

export interface ProcessOptions {
  readonly logger: Logger;
  /** After this long a stop is forced, with exit code 1. */
  readonly drainTimeoutMs: number;
}

/**
 * Runs `start` as this process' only job: SIGTERM and SIGINT close it and end with 0, a second signal, a fatal error or
 * a close that takes too long ends with 1.
 */
export async function runProcess(
  options: ProcessOptions,
  start: (onFatal: (error: unknown) => void) => Promise<Stoppable>,
): Promise<void> {
  const { logger, drainTimeoutMs } = options;
  let running: Stoppable | undefined;
  let stopping = false;

  const stop = (code: number): void => {
    if (stopping) process.exit(1);
    stopping = true;
    setTimeout(() => {
      logger.error({ drain_timeout_ms: drainTimeoutMs }, 'Stopping took too long; the process ends by force.');
      process.exit(1);
    }, drainTimeoutMs).unref();
    Promise.resolve(running?.close()).then(
      () => process.exit(code),
      (error: unknown) => {
        logger.error({ error }, 'Stopping failed.');
        process.exit(1);
      },
    );
  };
  const onFatal = (error: unknown): void => {
    logger.fatal({ error }, 'The process cannot go on.');
    if (!stopping) stop(1);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      logger.info({ signal }, 'Stopping.');
      stop(0);
    });
  }
  try {
    running = await start(onFatal);
  } catch (error) {
    onFatal(error);
  }
}
