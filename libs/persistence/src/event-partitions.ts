import type { Database, Queryable } from './database';
import { StoreRefusedError, StoreUnavailableError } from './store-error';

const DAY_MS = 86_400_000;
const DAYS_BACK = 8;
const DAYS_AHEAD = 7;

/** Any number, but the same in every version: who makes partitions waits for who makes partitions. */
const PARTITION_LOCK = 7_106_925_115;

/** Attaching waits for writers of the default partition, and they for it. None of them longer than this. */
const LOCK_TIMEOUT_MS = 200;

/** Days are written `2026-11-21`, and are UTC. */
export interface PartitionsEnsured {
  /** Days that have a partition of their own since this call. */
  readonly created: readonly string[];
  /** Days of which the default partition has events already: they stay there, and so do the later ones of that day. */
  readonly inDefault: readonly string[];
  /** Days that were not to be had without holding up inserts. Their events go to the default partition meanwhile. */
  readonly deferred: readonly string[];
}

/** Who drops a partition waits for everybody who uses `events`, and everybody for it. */
const DROP_LOCK_TIMEOUT_MS = 100;

export interface PartitionsDropped {
  readonly dropped: readonly string[];
  /** Days that are empty, and were in use. */
  readonly deferred: readonly string[];
}

/** Keeps the daily partitions of `events` ahead of time. Days come from the server's clock, never from an event. */
export class EventPartitions {
  constructor(
    private readonly database: Database,
    private readonly dropLockTimeoutMs = DROP_LOCK_TIMEOUT_MS,
  ) {}

  /** @returns for how many days after that of `now` there are partitions, counted up to the first that has none. */
  async daysAhead(now: Date): Promise<number> {
    const attached = await this.attached();
    let days = 0;
    while (attached.has(partitionOf(startOfDay(now) + (days + 1) * DAY_MS))) days += 1;
    return days;
  }

  /** Makes what is missing from 8 days before to 7 days after `now`. Any number of processes may do so at once. */
  async ensure(now: Date): Promise<PartitionsEnsured> {
    const today = startOfDay(now);
    const days = Array.from({ length: DAYS_BACK + 1 + DAYS_AHEAD }, (_, index) => today + (index - DAYS_BACK) * DAY_MS);
    const attached = await this.attached();
    const missing = days.filter((day) => !attached.has(partitionOf(day)));
    const ensured = { created: [] as string[], inDefault: [] as string[], deferred: [] as string[] };
    for (const day of missing) {
      const result = await this.make(day);
      if (result !== 'there') ensured[result].push(dateOf(day));
    }
    return ensured;
  }

  /**
   * Drops the partitions of days before the boundary that have no rows; of those that `ensure` makes, none. Only after
   * whoever has moved rows away is long done: to who reads by an older snapshot a partition that is dropped is empty.
   */
  async dropEmpty(now: Date, boundary: Date): Promise<PartitionsDropped> {
    const end = Math.min(boundary.getTime(), startOfDay(now) - DAYS_BACK * DAY_MS);
    const result = { dropped: [] as string[], deferred: [] as string[] };
    for (const name of await this.attached()) {
      const day = dayOfPartition(name);
      if (day === undefined || day >= end) continue;
      const outcome = await this.drop(name);
      if (outcome !== 'kept') result[outcome].push(dateOf(day));
    }
    return result;
  }

  private async drop(name: string): Promise<'dropped' | 'deferred' | 'kept'> {
    try {
      return await this.database.transaction((tx) => dropPartition(tx, name, this.dropLockTimeoutMs));
    } catch (error) {
      if (error instanceof StoreUnavailableError && error.sqlState === '55P03') return 'deferred';
      throw error;
    }
  }

  private async attached(): Promise<ReadonlySet<string>> {
    const rows = await this.database.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
       WHERE i.inhparent = 'events'::regclass`,
    );
    return new Set(rows.map(({ name }) => name));
  }

  /** A transaction for each day: its locks are held for milliseconds. */
  private async make(day: number): Promise<'created' | 'inDefault' | 'deferred' | 'there'> {
    try {
      return await this.database.transaction((tx) => makePartition(tx, day));
    } catch (error) {
      // An event of that day came into the default partition between our look and the lock.
      if (error instanceof StoreRefusedError && error.sqlState === '23514') return 'inDefault';
      if (error instanceof StoreUnavailableError && error.sqlState === '55P03') return 'deferred';
      throw error;
    }
  }
}

async function makePartition(tx: Queryable, day: number): Promise<'created' | 'inDefault' | 'there'> {
  const name = partitionOf(day);
  const from = new Date(day).toISOString();
  const to = new Date(day + DAY_MS).toISOString();
  await tx.query('SELECT pg_advisory_xact_lock($1)', [PARTITION_LOCK]);
  const [seen] = await tx.query<{ there: boolean; held: boolean }>(
    `SELECT to_regclass($1) IS NOT NULL AS there,
       EXISTS (SELECT FROM events_default WHERE occurred_at >= $2 AND occurred_at < $3) AS held`,
    [name, from, to],
  );
  if (seen?.there === true) return 'there';
  if (seen?.held === true) return 'inDefault';
  // CREATE TABLE … PARTITION OF locks all of `events` against every reader and writer. ATTACH locks but the default
  // partition, in which it makes sure that no row belongs to the new one.
  await tx.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
  await tx.query(`CREATE TABLE ${name} (LIKE events INCLUDING ALL)`);
  await tx.query(`ALTER TABLE events ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`);
  return 'created';
}

async function dropPartition(tx: Queryable, name: string, lockTimeoutMs: number): Promise<'dropped' | 'kept'> {
  const isEmpty = async (): Promise<boolean> => (await tx.query(`SELECT FROM ${name} LIMIT 1`)).length === 0;
  if (!(await isEmpty())) return 'kept';
  await tx.query(`SET LOCAL lock_timeout = ${lockTimeoutMs}`);
  await tx.query('SELECT pg_advisory_xact_lock($1)', [PARTITION_LOCK]);
  // In the order in which those lock who insert. A late event may have come since the look.
  await tx.query('LOCK TABLE ONLY events IN ACCESS EXCLUSIVE MODE');
  if (!(await isEmpty())) return 'kept';
  await tx.query(`DROP TABLE ${name}`);
  return 'dropped';
}

/** Undefined for the default partition. */
function dayOfPartition(name: string): number | undefined {
  const [, year, month, day] = /^events_(\d{4})(\d\d)(\d\d)$/.exec(name) ?? [];
  return year === undefined ? undefined : Date.parse(`${year}-${month ?? ''}-${day ?? ''}T00:00:00Z`);
}

function startOfDay(now: Date): number {
  return Math.floor(now.getTime() / DAY_MS) * DAY_MS;
}

function dateOf(day: number): string {
  return new Date(day).toISOString().slice(0, 10);
}

function partitionOf(day: number): string {
  return `events_${dateOf(day).replaceAll('-', '')}`;
}
