import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventConsumer } from '@app/messaging';
import type { Progress } from '@app/observability';
import type { PersistEventsHandler } from '../persist-events.handler';
import type { ConsumerDependencies } from './consumer-dependencies';
import type { GroupBacklog } from './group-backlog';
import { ProgressWatchdog } from './progress-watchdog';

/** Often enough to notice within a tenth of the limit, and never a load. */
const LONGEST_INTERVAL_MS = 5000;

/** What the keeper looks at. */
export interface Watched {
  readonly consumer: EventConsumer;
  readonly backlog: GroupBacklog;
  readonly dependencies: ConsumerDependencies;
  readonly handler: PersistEventsHandler;
}

/** Looks at the member again and again, and says whether it makes progress. */
export class ProgressKeeper {
  private readonly watchdog: ProgressWatchdog;
  private readonly intervalMs: number;
  private readonly stopping = new AbortController();
  private lag = 0;

  constructor(
    private readonly watched: Watched,
    limitMs: number,
  ) {
    this.intervalMs = Math.min(LONGEST_INTERVAL_MS, limitMs / 10);
    this.watchdog = new ProgressWatchdog(limitMs, this.intervalMs);
  }

  progress(): Progress {
    const { joined, assigned, paused, held, lastCommitAt } = this.watched.consumer.status();
    const detail = {
      joined,
      assigned,
      paused,
      held,
      lag: this.lag,
      last_commit_at: lastCommitAt?.toISOString() ?? null,
    };
    return { alive: !this.watchdog.stuck, detail };
  }

  start(): void {
    void this.keepLooking();
  }

  stop(): void {
    this.stopping.abort();
  }

  private async keepLooking(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const mustProgress = await this.mustProgress();
      const { lastCommitAt } = this.watched.consumer.status();
      this.watchdog.observe({ mustProgress, lastCommitAt }, performance.now());
      await delay(this.intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /**
   * Held partitions wait for somebody, not for a new start, and so does a handler that has stopped because the database
   * refuses too much: started anew it would make another fifty dead letters.
   */
  private async mustProgress(): Promise<boolean> {
    const { consumer, backlog, dependencies, handler } = this.watched;
    try {
      const lag = backlog.lagOf(await backlog.current());
      this.lag = sum(lag.values());
      for (const partition of consumer.status().held) lag.delete(partition);
      return sum(lag.values()) > 0 && !handler.refusesToGoOn && (await dependencies.database.isUp());
    } catch {
      return false; // the log does not answer: an outage, not a hang
    }
  }
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
