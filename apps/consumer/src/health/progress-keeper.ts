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
/** A batch that failed is tried again every few seconds: without another failure for so long, it is no outage. */
const OUTAGE_FRESH_MS = 60_000;

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
  private readonly outageFreshMs: number;
  private lag = 0;

  constructor(
    private readonly watched: Watched,
    limitMs: number,
  ) {
    this.intervalMs = Math.min(LONGEST_INTERVAL_MS, limitMs / 10);
    this.outageFreshMs = Math.max(OUTAGE_FRESH_MS, limitMs);
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
      const waiting = await this.waiting();
      if (waiting !== undefined) this.watchdog.observe({ waiting }, performance.now());
      await delay(this.intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Partitions that must move, with their next offsets; undefined when the log does not say. */
  private async waiting(): Promise<ReadonlyMap<number, number> | undefined> {
    const { consumer, backlog, dependencies } = this.watched;
    try {
      const known = await backlog.current();
      const lag = backlog.lagOf(known);
      this.lag = sum(lag.values());
      if (this.waitsForSomebody() || !(await dependencies.database.isUp())) return new Map();
      const { held } = consumer.status();
      const moving = [...lag].filter(([partition, records]) => records > 0 && !held.includes(partition));
      return new Map(moving.map(([partition]) => [partition, known.partitions.get(partition)?.next ?? 0]));
    } catch {
      return undefined;
    }
  }

  /**
   * Held partitions wait for somebody, not for a new start, and so does a handler that has stopped because the database
   * refuses too much: started anew it would make another fifty dead letters. A database that answers and stores nothing
   * (disk full, a replica, a lost right, a lock) is one that all consumers share: none is cured by a new start.
   */
  private waitsForSomebody(): boolean {
    const { refusesToGoOn, unavailableAt } = this.watched.handler;
    return refusesToGoOn || (unavailableAt !== undefined && performance.now() - unavailableAt < this.outageFreshMs);
  }
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
