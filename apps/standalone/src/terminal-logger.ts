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
 * standard error, and of the usual level only what needs attention and the end of it, so that address and key stay in sight.
 */
export function terminalLogger(level: LogLevel): Logger {
  if (!process.stdout.isTTY) return createLogger({ level, app: 'standalone' });
  const destination = {
    write: (text: string): void => {
      const line = JSON.parse(text) as Line;
      if (level !== 'info' || line.level !== 'info' || isRecovery(line)) process.stderr.write(toSentence(line));
    },
  };
  return createLogger({ level, app: 'standalone', destination });
}

/** "Kafka confirms again." and its like: who read the warning waits for it. */
function isRecovery({ msg = '' }: Line): boolean {
  return msg.endsWith(' again.');
}

function toSentence({ time, level, msg = '', error, partition, reason }: Line): string {
  const details = [partition === undefined ? undefined : `partition ${partition}`, reason, error?.message];
  const cause = details.filter((detail) => detail !== undefined).join(': ');
  return `${time.slice(11, 19)} ${level} ${msg}${cause === '' ? '' : ` (${cause})`}\n`;
}
