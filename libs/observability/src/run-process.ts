import { ConfigError, readEnvironment, type Environment, type LogLevel } from '@app/config';
import type { Logger } from 'pino';
import { createLogger } from './logger';

/** Something that a process runs until it is told to stop. */
export interface Stoppable {
  close(): Promise<void>;
}

interface ProcessConfig {
  readonly logLevel: LogLevel;
  readonly drainTimeoutMs: number;
}

export interface ProcessJob<C extends ProcessConfig> {
  readonly app: string;
  readonly load: (environment: Environment) => C;
  /** Default: JSON lines on standard output. */
  readonly logger?: (config: C) => Logger;
  readonly start: (config: C, logger: Logger, onFatal: (error: unknown) => void) => Promise<Stoppable>;
}

/** npm hands on the Ctrl-C that the terminal has sent to the whole group already: one key press, two signals. */
const SAME_SIGNAL_MS = 500;

function loadOrExit<C>(load: (environment: Environment) => C): C {
  try {
    return load(readEnvironment());
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

/** The port of an EADDRINUSE and the variable that names it (PORT when it is not said), which is the operator's to solve and needs no stack. */
function takenPort(error: unknown): { readonly port?: number; readonly setting?: string } {
  const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  return taken ? (error as { readonly port?: number; readonly setting?: string }) : {};
}

/**
 * Runs a job as this process' only one: SIGTERM and SIGINT close it and end with 0; a second signal, a fatal error or
 * a close that takes longer than the drain time-out ends with 1. A wrong configuration is named before anything starts.
 */
export async function runProcess<C extends ProcessConfig>(job: ProcessJob<C>): Promise<void> {
  const config = loadOrExit(job.load);
  const logger = job.logger?.(config) ?? createLogger({ level: config.logLevel, app: job.app });
  let running: Stoppable | undefined;
  let stoppingSince: number | undefined;

  const stop = (code: number): void => {
    if (stoppingSince !== undefined) {
      if (Date.now() - stoppingSince > SAME_SIGNAL_MS) process.exit(1);
      return;
    }
    stoppingSince = Date.now();
    setTimeout(() => {
      logger.error({ drain_timeout_ms: config.drainTimeoutMs }, 'Stopping took too long; the process ends by force.');
      process.exit(1);
    }, config.drainTimeoutMs).unref();
    Promise.resolve(running?.close()).then(
      () => process.exit(code),
      (error: unknown) => {
        logger.error({ error }, 'Stopping failed.');
        process.exit(1);
      },
    );
  };
  const onFatal = (error: unknown): void => {
    const { port, setting } = takenPort(error);
    if (port === undefined) logger.fatal({ error }, 'The process cannot go on.');
    else
      logger.fatal(
        { port, setting },
        `Port ${port} is taken by another process: stop that one, or choose another port.`,
      );
    if (stoppingSince === undefined) stop(1);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      logger.info({ signal }, 'Stopping.');
      stop(0);
    });
  }
  try {
    running = await job.start(config, logger, onFatal);
  } catch (error) {
    onFatal(error);
  }
}
