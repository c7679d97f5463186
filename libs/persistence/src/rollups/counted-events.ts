import type { QueryRunner } from 'typeorm';
import { int4Array, int8Array, textArray, timestamptzArray } from '../binary-array';
import type { ColdCount, ColdEvents, ColdUserDay } from '../cold-events.port';
import { allSegments } from '../committed-segments';
import type { Queryable } from '../database';

/** What the events of both tiers add up to: by project, minute and name. Of old events the minute may be the day's first. */
export const COUNTED = `
  SELECT project_id, date_trunc('minute', occurred_at, 'UTC') AS minute, name, count(*) AS event_count,
    coalesce(sum(amount), 0) AS amount
  FROM events GROUP BY 1, 2, 3
  UNION ALL SELECT project_id, minute, name, event_count, amount FROM pg_temp.cold_counts`;

/** On which days users have events, in either tier. */
export const USER_DAYS = `
  SELECT project_id, user_id, (occurred_at AT TIME ZONE 'UTC')::date AS day FROM events WHERE user_id IS NOT NULL
  UNION SELECT project_id, user_id, day FROM pg_temp.cold_user_days`;

/** Makes what `COUNTED` and `USER_DAYS` read; it goes with the session. Before the transaction, which only reads. */
export async function makeColdCounts(session: QueryRunner): Promise<void> {
  await session.query(`CREATE TEMPORARY TABLE cold_counts (
    project_id integer, minute timestamptz, name text COLLATE "C", event_count bigint, amount numeric)`);
  await session.query(`CREATE TEMPORARY TABLE cold_user_days (project_id integer, user_id text COLLATE "C", day date)`);
}

/**
 * Counts the events of the archive that the session's snapshot sees, file by file: what is in memory does not grow with
 * the archive, PostgreSQL keeps the rest on its disk.
 *
 * @param minutesFrom of what occurred before it, only days are counted.
 */
export async function fillColdCounts(
  session: QueryRunner,
  cold: ColdEvents | undefined,
  minutesFrom: Date,
): Promise<void> {
  const query = async <Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> =>
    (await session.query(sql, [...parameters])) as Row[];
  const segments = await allSegments({ query });
  if (segments.length === 0) return;
  if (cold === undefined) throw new TypeError('There are archived events, and nobody to count them.');
  for (const segment of segments) {
    await cold.counts(segment, minutesFrom, (rows) => addCounts({ query }, rows));
    await cold.userDays(segment, (rows) => addUserDays({ query }, rows));
  }
}

async function addCounts(session: Queryable, rows: readonly ColdCount[]): Promise<void> {
  await session.query(
    'INSERT INTO cold_counts SELECT * FROM unnest($1::int4[], $2::timestamptz[], $3::text[], $4::int8[], $5::text[]::numeric[])',
    [
      int4Array(rows, ({ projectId }) => projectId),
      timestamptzArray(rows, ({ atMs }) => atMs),
      textArray(rows, ({ name }) => name),
      int8Array(rows, ({ events }) => events),
      textArray(rows, ({ amount }) => amount),
    ],
  );
}

async function addUserDays(session: Queryable, rows: readonly ColdUserDay[]): Promise<void> {
  await session.query(
    `INSERT INTO cold_user_days SELECT project_id, user_id, (day AT TIME ZONE 'UTC')::date
     FROM unnest($1::int4[], $2::text[], $3::timestamptz[]) AS d(project_id, user_id, day)`,
    [
      int4Array(rows, ({ projectId }) => projectId),
      textArray(rows, ({ userId }) => userId),
      timestamptzArray(rows, ({ dayMs }) => dayMs),
    ],
  );
}
