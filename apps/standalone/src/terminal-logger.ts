import type { LogLevel } from '@app/config';
import { createLogger } from '@app/observability';
import type { Logger } from 'pino';

interface Line {
  readonly time: string;
  readonly level: string;
  readonly msg?: string;
  readonly error?: { readonly message?: string };
  readonly partition?: number;
  readonly reason?: string;
}

/**
 * For a program: JSON lines on standard output, as every process writes them. For a person at a terminal: sentences on
 * standard error, and of the usual level only what needs attention, so that address and key stay in sight.
 */
export function terminalLogger(level: LogLevel): Logger {
  if (!process.stdout.isTTY) return createLogger({ level, app: 'standalone' });
  const destination = { write: (line: string) => process.stderr.write(toSentence(line)) };
  return createLogger({ level: level === 'info' ? 'warn' : level, app: 'standalone', destination });
}

function toSentence(text: string): string {
  const { time, level, msg = '', error, partition, reason } = JSON.parse(text) as Line;
  const details = [partition === undefined ? undefined : `partition ${partition}`, reason, error?.message];
  const cause = details.filter((detail) => detail !== undefined).join(': ');
  return `${time.slice(11, 19)} ${level} ${msg}${cause === '' ? '' : ` (${cause})`}\n`;
}
