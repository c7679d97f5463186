import type { Transaction } from '../database';
import type { PlacedEvent } from '../ledger';
import { countEvents, metricDeltas, namesOfDays, type NamesOfDay } from './count-events';
import { assignNames } from './own-names';
import { NOTHING_ERASED, type ErasureView } from './erasure-view';
import { RollupMemory } from './rollup-memory';
import { upsertActivity, upsertMetrics } from './upsert-rollups';
import { activityDeltas } from './user-activity';
import { addUserDays, unknownPairs } from './user-days';
import { countedMinutesStart, dayKeyOf } from './utc-day';

/** Names of a project and day that get a row of their own. */
export const NAMES_PER_DAY = 1000;

/** What there is to know after a transaction, and when it is true: from its COMMIT on. */
export interface Written {
  /** To be called once the transaction is committed, and never when that is not certain. */
  committed(): void;
}

/**
 * Keeps the numbers: counts per minute, day and month, who was active on which day, who came back. They change in the
 * transaction that stores the events, by exactly the events that are new, and so agree with the rows at any time.
 *
 * Locks are taken in one order by everybody: positions, ledger, events, `users`, `user_days`, `day_names`, and last the
 * rows that all share, in each table by key. Whoever waits holds only what comes before what they wait for, so no two
 * wait for each other.
 */
export class Rollups {
  private readonly memory = new RollupMemory();

  /** @param namesPerDay how many names of a project and day get a row of their own. */
  constructor(private readonly namesPerDay = NAMES_PER_DAY) {}

  /** The last thing that a transaction does: from here on the other consumers wait for its COMMIT. */
  async write(
    tx: Transaction,
    events: readonly PlacedEvent[],
    now: Date,
    erasures: ErasureView = NOTHING_ERASED,
  ): Promise<Written> {
    if (events.length === 0) return { committed: () => undefined };
    const counts = countEvents(events, countedMinutesStart(now).getTime());
    // All questions to the memory come before the first await: another batch may make it forget meanwhile.
    const pairs = unknownPairs(
      events,
      (dayKey, userId, projectId) => this.memory.knowsPair(dayKey, userId) && !erasures.wasErased(projectId, userId),
    );
    const { own, unknown } = this.sortNames(namesOfDays(counts), this.memory.hasNamesOf(erasures));

    const changes = await addUserDays(tx, pairs);
    const names = await assignNames(tx, unknown, this.namesPerDay);
    for (const { projectId, day, own: assigned } of names) addTo(own, dayKeyOf(projectId, day), assigned);
    const hasOwnRow = (projectId: number, day: number, name: string): boolean =>
      own.get(dayKeyOf(projectId, day))?.has(name) === true;
    await upsertActivity(tx, activityDeltas(changes));
    await upsertMetrics(tx, metricDeltas(counts, hasOwnRow));
    const committed = (): void => {
      this.memory.remember({ pairs, names: this.memory.hasNamesOf(erasures) ? names : [] });
    };
    return { committed };
  }

  /** See RollupMemory. */
  forget(): void {
    this.memory.forget();
  }

  /** Which names are known to have a row of their own, by day, and of which that has to be looked up. */
  private sortNames(
    days: readonly NamesOfDay[],
    remembered: boolean,
  ): { own: Map<number, Set<string>>; unknown: NamesOfDay[] } {
    const own = new Map<number, Set<string>>();
    const unknown: NamesOfDay[] = [];
    for (const { projectId, day, names } of days) {
      const dayKey = dayKeyOf(projectId, day);
      const known = [...names].map(
        (name) => [name, remembered ? this.memory.hasOwnRow(dayKey, name) : undefined] as const,
      );
      addTo(own, dayKey, new Set(known.flatMap(([name, isOwn]) => (isOwn === true ? [name] : []))));
      const asked = new Set(known.flatMap(([name, isOwn]) => (isOwn === undefined ? [name] : [])));
      if (asked.size > 0) unknown.push({ projectId, day, names: asked });
    }
    return { own, unknown };
  }
}

function addTo(sets: Map<number, Set<string>>, key: number, texts: ReadonlySet<string>): void {
  const known = sets.get(key);
  if (known === undefined) sets.set(key, new Set(texts));
  else for (const text of texts) known.add(text);
}
