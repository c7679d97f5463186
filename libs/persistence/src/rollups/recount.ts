import type { QueryRunner } from 'typeorm';
import type { ColdEvents } from '../cold-events.port';
import { createDataSource } from '../data-source';
import type { Database } from '../database';
import { withFreshManifest } from '../fresh-manifest';
import { translateDatabaseError } from '../store-error';
import { ColdCounts, COUNTED, USER_DAYS } from './counted-events';
import { NAMES_PER_DAY } from './rollups';
import { hotWindowStart } from './utc-day';

/** One row of a rollup that is not what the events add up to. */
export interface RollupDifference {
  readonly key: Readonly<Record<string, unknown>>;
  /** Null when the row should not be there. */
  readonly expected: Readonly<Record<string, unknown>> | null;
  /** Null when it is missing. */
  readonly found: Readonly<Record<string, unknown>> | null;
}

export interface RecountedTable {
  readonly table: string;
  /** How many rows differ. */
  readonly differing: number;
  /** The first of them, by key. */
  readonly differences: readonly RollupDifference[];
}

export interface RecountOptions {
  /** How many differences of a table to tell; 0 counts them only. */
  readonly atMost: number;
  readonly namesPerDay?: number;
  /** Who reads the archive; to be given when there are archived events. */
  readonly cold?: ColdEvents;
}

interface Recount {
  readonly table: string;
  readonly key: readonly string[];
  readonly values: readonly string[];
  /** Rows of key and values, made from the events of both tiers; $1 is the start of the hot window, $2 how many names a day has. */
  readonly expected: string;
  /** The table as it is. */
  readonly found?: string;
  /** The day that a row is of, of `e` (expected) and `f` (found). Those from which a project has dropped events are not compared. */
  readonly day?: string;
}

/** Names that have a row of their own are what they happen to be: which ones came first only time knew. */
const NAMED = `SELECT e.project_id, e.minute, (e.minute AT TIME ZONE 'UTC')::date AS day, coalesce(own.name, '') AS name,
    e.event_count, e.amount
  FROM (${COUNTED}) AS e LEFT JOIN day_metrics own
    ON own.project_id = e.project_id AND own.day = (e.minute AT TIME ZONE 'UTC')::date AND own.name = e.name`;

/** The first day of a user of whom older events were dropped is what it was before. */
const FIRST_DAYS = `SELECT d.*, least(min(d.day) OVER (PARTITION BY project_id, user_id), dropped.first_day) AS first_day
  FROM (${USER_DAYS}) AS d LEFT JOIN (
    SELECT u.* FROM users u JOIN projects p ON p.id = u.project_id AND u.first_day < p.events_from
  ) AS dropped USING (project_id, user_id)`;

const METRIC = ['event_count', 'total_amount'];
const SUMS = 'sum(event_count)::bigint AS event_count, sum(amount) AS total_amount';

const RECOUNTS: readonly Recount[] = [
  {
    table: 'minute_totals',
    key: ['project_id', 'minute'],
    values: METRIC,
    expected: `SELECT project_id, minute, ${SUMS} FROM (${NAMED}) AS n WHERE minute >= $1 GROUP BY 1, 2`,
    found: 'SELECT * FROM minute_totals WHERE minute >= $1',
  },
  {
    table: 'minute_metrics',
    key: ['project_id', 'minute', 'name'],
    values: METRIC,
    expected: `SELECT project_id, minute, name, ${SUMS} FROM (${NAMED}) AS n WHERE minute >= $1 GROUP BY 1, 2, 3`,
    found: 'SELECT * FROM minute_metrics WHERE minute >= $1',
  },
  {
    table: 'day_metrics',
    key: ['project_id', 'day', 'name'],
    values: METRIC,
    day: 'day',
    expected: `SELECT project_id, day, name, ${SUMS} FROM (${NAMED}) AS n GROUP BY 1, 2, 3`,
  },
  {
    table: 'month_metrics',
    key: ['project_id', 'month', 'name'],
    values: METRIC,
    day: 'month',
    expected: `SELECT project_id, date_trunc('month', day::timestamp)::date AS month, name, ${SUMS}
      FROM (${NAMED}) AS n GROUP BY 1, 2, 3`,
  },
  {
    // While names are counted under '', the day is full, though an erasure may have emptied some rows.
    table: 'day_names',
    key: ['project_id', 'day'],
    values: ['names', 'own_rows'],
    day: 'day',
    expected: `SELECT e.project_id, e.day,
        CASE WHEN others.day IS NULL THEN least(count(*), $2) ELSE $2 END AS names,
        CASE WHEN others.day IS NULL THEN least(count(*), $2) ELSE count(own.name) END AS own_rows
      FROM (SELECT DISTINCT project_id, (minute AT TIME ZONE 'UTC')::date AS day, name FROM (${COUNTED}) AS c) AS e
        LEFT JOIN day_metrics own ON own.project_id = e.project_id AND own.day = e.day AND own.name = e.name
        LEFT JOIN day_metrics others ON others.project_id = e.project_id AND others.day = e.day AND others.name = ''
      GROUP BY e.project_id, e.day, others.day`,
    found: `SELECT project_id, day, names, own_rows FROM day_names LEFT JOIN (
        SELECT project_id, day, count(*) AS own_rows FROM day_metrics WHERE name <> '' GROUP BY 1, 2
      ) AS own USING (project_id, day)`,
  },
  {
    table: 'users',
    key: ['project_id', 'user_id'],
    values: ['first_day'],
    day: 'f.first_day',
    expected: `SELECT project_id, user_id, min(day) AS first_day FROM (${USER_DAYS}) AS d GROUP BY 1, 2`,
  },
  {
    table: 'user_days',
    key: ['project_id', 'user_id', 'day'],
    values: ['active'],
    day: 'day',
    expected: `SELECT *, true AS active FROM (${USER_DAYS}) AS d`,
    found: 'SELECT *, true AS active FROM user_days',
  },
  {
    table: 'day_users',
    key: ['project_id', 'day'],
    values: ['users', 'new_users'],
    day: 'day',
    expected: `SELECT project_id, day, count(*) AS users, count(*) FILTER (WHERE day = first_day) AS new_users
      FROM (${FIRST_DAYS}) AS f GROUP BY 1, 2`,
  },
  {
    table: 'retention_counts',
    key: ['project_id', 'start_day', 'days_later'],
    values: ['active_users', 'new_users'],
    day: 'start_day',
    expected: `WITH active AS (${FIRST_DAYS})
      SELECT a.project_id, a.day AS start_day, later.day - a.day AS days_later, count(*) AS active_users,
        count(*) FILTER (WHERE a.day = a.first_day) AS new_users
      FROM active a JOIN active later ON later.project_id = a.project_id AND later.user_id = a.user_id
        AND later.day > a.day AND later.day <= a.day + 365
      GROUP BY 1, 2, 3`,
  },
];

/**
 * Counts every rollup anew from the events of both tiers and compares, all in one snapshot: events may be stored and moved
 * meanwhile. Numbers of days of which a project has dropped events are taken as they are. Reads the hot tier some times over and the archive once; there is no limit on how long that takes.
 *
 * @throws {StoreUnavailableError}
 * @throws {ColdUnavailableError} a file is lost, or could not be read.
 */
export async function recountRollups(database: Database, options: RecountOptions): Promise<RecountedTable[]> {
  const source = createDataSource(database.config, 'maintenance');
  try {
    await source.initialize();
    const runner = source.createQueryRunner();
    const cold = await ColdCounts.of(runner, options.cold);
    // A file that was replaced stays for a minute, and reading those before it may take longer. With a new snapshot only
    // those are read that are new: far fewer each time.
    return await withFreshManifest(async () => {
      await runner.startTransaction('REPEATABLE READ');
      try {
        return await recountIn(runner, cold, options);
      } finally {
        // What is counted of the files stays.
        await runner.commitTransaction();
      }
    });
  } catch (error) {
    throw translateDatabaseError(error);
  } finally {
    if (source.isInitialized) await source.destroy();
  }
}

async function recountIn(
  runner: QueryRunner,
  cold: ColdCounts,
  { atMost, namesPerDay = NAMES_PER_DAY }: RecountOptions,
): Promise<RecountedTable[]> {
  await runner.query('SET TRANSACTION READ ONLY');
  // Before the snapshot, which the first SELECT takes: a partition that is dropped after it would be empty to it, and what
  // was in it is in no file that it knows. Who drops one gives up after a moment, and tries again later.
  await runner.query('LOCK TABLE ONLY events IN ACCESS SHARE MODE');
  // By the clock that the snapshot has.
  const clock = (await runner.query('SELECT (extract(epoch FROM now()) * 1000)::float8 AS ms')) as { ms: number }[];
  const hotFrom = hotWindowStart(new Date(clock[0]?.ms ?? NaN));
  await cold.fill(hotFrom);
  const tables: RecountedTable[] = [];
  for (const recount of RECOUNTS) {
    const sql = comparison(recount, atMost);
    const rows = (await runner.query(sql, [hotFrom.toISOString(), namesPerDay])) as ComparedRow[];
    tables.push(toTable(recount.table, rows, atMost));
  }
  return tables;
}

interface ComparedRow extends RollupDifference {
  readonly differing: number;
}

function toTable(table: string, rows: readonly ComparedRow[], atMost: number): RecountedTable {
  const differences = rows.slice(0, atMost).map(({ key, expected, found }) => ({ key, expected, found }));
  return { table, differing: rows[0]?.differing ?? 0, differences };
}

function comparison({ table, key, values, expected, found, day }: Recount, atMost: number): string {
  const object = (columns: readonly string[], of: string): string =>
    `jsonb_build_object(${columns.map((column) => `'${column}', ${of}${column}`).join(', ')})`;
  const list = (of: string): string => values.map((column) => `${of}.${column}`).join(', ');
  // One row at least, for the count of all; both parameters have to have a type, though hardly any query needs both.
  return `SELECT ${object(key, '')} AS key, count(*) OVER ()::int4 AS differing,
      CASE WHEN e.there THEN ${object(values, 'e.')} END AS expected,
      CASE WHEN f.there THEN ${object(values, 'f.')} END AS found
    FROM (SELECT *, true AS there FROM (${expected}) AS counted) AS e
      FULL JOIN (SELECT *, true AS there FROM (${found ?? `SELECT * FROM ${table}`}) AS kept) AS f
        USING (${key.join(', ')})
    WHERE ROW(${list('e')}) IS DISTINCT FROM ROW(${list('f')})
      AND $1::timestamptz IS NOT NULL AND $2::int4 IS NOT NULL
      ${day === undefined ? '' : `AND NOT EXISTS (SELECT FROM projects p WHERE p.id = project_id AND ${day} < p.events_from)`}
    ORDER BY ${key.join(', ')} LIMIT ${Math.max(1, atMost)}`;
}
