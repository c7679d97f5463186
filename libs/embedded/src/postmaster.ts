import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processCommand, processIdentity } from './process-identity';
import { readIfExists } from './whole-file';

/** First process of a server, as its `postmaster.pid` describes it. */
export interface Postmaster {
  readonly pid: number;
  readonly ready: boolean;
}

/** How long each stage of stopping may take. */
const FAST_STOP_MS = 7000;
const IMMEDIATE_STOP_MS = 1500;
const POLL_MS = 20;

const fileOf = (cluster: string): string => join(cluster, 'postmaster.pid');

/** What `postmaster.pid` says; the process may be gone. */
export function readPostmaster(cluster: string): Postmaster | undefined {
  const lines = readIfExists(fileOf(cluster))?.split('\n') ?? [];
  const pid = Number(lines[0]);
  return Number.isInteger(pid) && pid > 0 ? { pid, ready: lines[7]?.startsWith('ready') === true } : undefined;
}

/**
 * Ends a server that outlived its owner. What is not a server of this cluster is left alone: the pid may have been
 * given to somebody else.
 *
 * @returns whether there was one.
 */
export async function stopSurvivor(cluster: string): Promise<boolean> {
  const pid = readPostmaster(cluster)?.pid;
  if (pid === undefined || processIdentity(pid) === undefined) return false;
  if (!isServerOf(cluster, pid)) {
    disown(cluster);
    return false;
  }
  const identity = processIdentity(pid);
  await stopPostmaster(pid, () => processIdentity(pid) !== identity);
  return true;
}

/**
 * Ends a server: fast (open transactions are rolled back, everything is written), then immediate, then by force. All
 * three keep what was committed; after the last two the next start replays the write-ahead log.
 */
export async function stopPostmaster(pid: number, hasEnded: () => boolean): Promise<void> {
  const stages = [
    { signal: 'SIGINT', waitMs: FAST_STOP_MS },
    { signal: 'SIGQUIT', waitMs: IMMEDIATE_STOP_MS },
    { signal: 'SIGKILL', waitMs: Infinity },
  ] as const;
  for (const { signal, waitMs } of stages) {
    if (hasEnded()) return;
    send(pid, signal);
    send(pid, 'SIGCONT'); // A frozen process would not see the other signal.
    const deadline = Date.now() + waitMs;
    while (!hasEnded() && Date.now() < deadline) await delay(POLL_MS);
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function isServerOf(cluster: string, pid: number): boolean {
  const command = processCommand(pid) ?? '';
  return command.includes('postgres') && `${command} `.includes(` -D ${cluster} `);
}

/**
 * PostgreSQL refuses to start while any process of its account has the pid in the file. The file may not be deleted:
 * it also names the shared memory, by which PostgreSQL sees that orphans of the old server still write. So only the
 * pid is replaced, by ours: PostgreSQL knows that its parent is no other server.
 */
function disown(cluster: string): void {
  const [, ...rest] = (readIfExists(fileOf(cluster)) ?? '').split('\n');
  // In place: the file stays the property of the server's account.
  writeFileSync(fileOf(cluster), [String(process.pid), ...rest].join('\n'));
}
