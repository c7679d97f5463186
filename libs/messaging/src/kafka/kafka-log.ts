import { logLevel, type LogEntry, type logCreator } from 'kafkajs';
import type { Logger } from 'pino';

// What kafkajs does about these it does by itself, many times in one outage, and it calls most of them errors: a first
// start, each rebalance, each broker restart. The publisher and the consumer log the change of state once.
const NORMAL = [
  /group is rebalancing|rebalance/i,
  /coordinator is (not available|loading)|not aware of this member|not the correct coordinator|group coordinator/i,
  /not the leader|no leader|does not host|^Connection error|^Connection timeout|seed broker|Closed connection/i,
  /^Request .* timed out|^Failed to send messages|^Response without match/i,
  /^Crash: |^Restarting the consumer/,
];

// The committed offset is outside the log: records were deleted before they were read, or the topic was made anew.
const OFFSET_LOST = /^Offset out of range/;

function write(logger: Logger, { level, namespace, log }: LogEntry): void {
  const { message, error } = log;
  const line = { kafkajs: log, namespace };
  if (OFFSET_LOST.test(message)) {
    logger.error(line, 'Kafka no longer has records that were not read: it goes on with the oldest it has.');
  } else if (level !== logLevel.ERROR || NORMAL.some((pattern) => pattern.test(`${message} ${String(error)}`))) {
    logger.debug(line, message);
  } else {
    logger.warn(line, message);
  }
}

/** kafkajs' lines in our logger, at the level that they deserve. */
export function kafkaLogCreator(logger: Logger): logCreator {
  return () => (entry) => {
    write(logger, entry);
  };
}

/** kafkajs' own threshold: its lines are built even when nobody reads them. */
export function kafkaLogLevel(logger: Logger): logLevel {
  return logger.isLevelEnabled('debug') ? logLevel.INFO : logLevel.WARN;
}
