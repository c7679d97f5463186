import { setTimeout as delay } from 'node:timers/promises';
import type { LogConfig } from '@app/config';
import { PipelineError } from '@app/events';
import { openLogProbe, type Backlog } from '@app/messaging';
import { createLogger } from '@app/observability';
import { ConsumerPositions, type Database, type StoredPosition } from '@app/persistence';
import type { Finding } from './finding';

const ATTEMPTS = 5;
const PAUSE_MS = 1000;

/** Whether the log answers, keeps what is unread for long enough yet, and is the one that the stored positions are of. */
export async function checkLog(log: LogConfig | undefined, database: Database): Promise<Finding> {
  if (log === undefined) return { healthy: true, lines: ['log: not looked at, since KAFKA_BROKERS is missing'] };
  const probe = openLogProbe(log, database, createLogger({ level: 'silent', app: 'doctor' }));
  try {
    await answered(() => probe.ping());
    // Positions first: they go on meanwhile, and what is stored was in the log before.
    const positions = await new ConsumerPositions(database).list();
    return judge(log, await answered(() => probe.backlog()), positions);
  } catch (error) {
    return {
      healthy: false,
      lines: [`log: does not answer (${error instanceof Error ? error.message : String(error)})`],
    };
  } finally {
    await probe.close();
  }
}

/** Tries for some seconds: a broker that nobody has asked for this group yet refuses at first. What has a name is final. */
async function answered<T>(question: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await question();
    } catch (error) {
      if (attempt === ATTEMPTS || error instanceof PipelineError) throw error;
    }
    await delay(PAUSE_MS);
  }
}

function judge(log: LogConfig, backlog: Backlog, positions: readonly StoredPosition[]): Finding {
  const { topic, group } = log.kind === 'kafka' ? log.kafka : log;
  const { partitions, oldestUnreadMs, retentionMs } = backlog;
  const lag = [...partitions.values()].reduce((sum, { logEnd, next }) => sum + Math.max(0, logEnd - next), 0);
  const age = Math.round(oldestUnreadMs / 1000);
  const problems: string[] = [];
  if (retentionMs !== undefined && oldestUnreadMs >= retentionMs / 3) {
    problems.push(
      `  the oldest unread record is older than a third of the retention (${Math.round(retentionMs / 1000)} s)`,
    );
  }
  for (const { partition, nextOffset, ...stored } of positions) {
    if (stored.topic !== topic || stored.group !== group) continue;
    const { logEnd = 0 } = partitions.get(partition) ?? {};
    if (logEnd >= nextOffset) continue;
    problems.push(
      `  partition ${partition} ends at ${logEnd}, before the stored position ${nextOffset}: a topic made anew?`,
    );
  }
  const facts = `log: ${topic} has ${partitions.size} partitions; ${group} lags ${lag} records, the oldest at least ${age} s old`;
  return { healthy: problems.length === 0, lines: [facts, ...problems] };
}
