import type { QueryRunner } from 'typeorm';
import { int4Array, int8Array, textArray, timestamptzArray } from '../binary-array';
import type { ColdCount, ColdEvents, ColdUserDay } from '../cold-events.port';
import { allSegments, type CommittedSegment } from '../committed-segments';
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

/** What the archive adds up to, in tables of the session, with which they go. */
export class ColdCounts {
  /** Segments of which everything is counted. Their files never change. */
  private readonly counted = new Set<string>();

  private constructor(
    private readonly session: QueryRunner,
    private readonly cold: ColdEvents | undefined,
  ) {}

  /** Before the transaction, which only reads. */
  static async of(session: QueryRunner, cold: ColdEvents | undefined): Promise<ColdCounts> {
    await session.query(`CREATE TEMPORARY TABLE cold_counts (segment_id bigint,
      project_id integer, minute timestamptz, name text COLLATE "C", event_count bigint, amount numeric)`);
    await session.query(`CREATE TEMPORARY TABLE cold_user_days (segment_id bigint,
      project_id integer, user_id text COLLATE "C", day date)`);
    return new ColdCounts(session, cold);
  }

  /**
   * Counts the events of the archive that the transaction's snapshot sees, file by file: what is in memory does not grow
   * with the archive, PostgreSQL keeps the rest on its disk. What an earlier transaction has counted, and committed, is
   * not read again.
   *
   * @param minutesFrom of what occurred before it, days may be all that is counted.
   * @throws {ColdFileGoneError} the snapshot is too old, or the file is lost.
   */
  async fill(minutesFrom: Date): Promise<void> {
    const segments = await allSegments(this.queryable);
    const counted = segments.filter(({ id }) => this.counted.has(id));
    await this.keepOnly(counted);
    if (counted.length === segments.length) return;
    if (this.cold === undefined) throw new TypeError('There are archived events, and nobody to count them.');
    for (const segment of segments) {
      if (this.counted.has(segment.id)) continue;
      await this.cold.counts(segment, minutesFrom, (rows) => addCounts(this.queryable, segment, rows));
      await this.cold.userDays(segment, (rows) => addUserDays(this.queryable, segment, rows));
      this.counted.add(segment.id);
    }
  }

  /** Others were replaced, or are counted in part. */
  private async keepOnly(segments: readonly CommittedSegment[]): Promise<void> {
    const ids = segments.map(({ id }) => id);
    for (const table of ['cold_counts', 'cold_user_days']) {
      await this.session.query(`DELETE FROM ${table} WHERE segment_id NOT IN (SELECT unnest($1::bigint[]))`, [ids]);
    }
  }

  private get queryable(): Queryable {
    return {
      query: async <Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> =>
        (await this.session.query(sql, [...parameters])) as Row[],
    };
  }
}

async function addCounts(session: Queryable, { id }: CommittedSegment, rows: readonly ColdCount[]): Promise<void> {
  await session.query(
    `INSERT INTO cold_counts SELECT $1::bigint, *
     FROM unnest($2::int4[], $3::timestamptz[], $4::text[], $5::int8[], $6::text[]::numeric[])`,
    [
      id,
      int4Array(rows, ({ projectId }) => projectId),
      timestamptzArray(rows, ({ atMs }) => atMs),
      textArray(rows, ({ name }) => name),
      int8Array(rows, ({ events }) => events),
      textArray(rows, ({ amount }) => amount),
    ],
  );
}

async function addUserDays(session: Queryable, { id }: CommittedSegment, rows: readonly ColdUserDay[]): Promise<void> {
  await session.query(
    `INSERT INTO cold_user_days SELECT $1::bigint, project_id, user_id, (day AT TIME ZONE 'UTC')::date
     FROM unnest($2::int4[], $3::text[], $4::timestamptz[]) AS d(project_id, user_id, day)`,
    [
      id,
      int4Array(rows, ({ projectId }) => projectId),
      textArray(rows, ({ userId }) => userId),
      timestamptzArray(rows, ({ dayMs }) => dayMs),
    ],
  );
}
