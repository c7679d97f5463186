import { pino, stdSerializers, type DestinationStream, type Logger } from 'pino';

/** What every line of one process carries. */
export interface LoggerOptions {
  readonly level: string;
  /** Name of the app: `api`, `consumer`. */
  readonly app: string;
  /** Where lines go; standard output when left out. */
  readonly destination?: DestinationStream;
}

/** A logger that writes one JSON object a line, with time in RFC 3339 and errors under `error`. */
export function createLogger(options: LoggerOptions): Logger {
  const settings = {
    level: options.level,
    base: { app: options.app, pid: process.pid },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: stdSerializers.err, err: stdSerializers.err },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}
