import type { Database } from '@app/persistence';

/** Rows of one statement: small enough to be over in a fraction of a second. */
const STEP = 5000;

interface FloorRow {
  readonly partition: number;
  readonly floor: string;
}

interface StepRow {
  readonly gone: number;
  readonly last: string | null;
}

/** Per partition, the offset that no group is below: a group that has not committed there yet counts as 0. */
const FLOORS = `
  WITH groups AS (
    SELECT group_name FROM log_commits WHERE topic = $1
    UNION SELECT group_name FROM log_members WHERE topic = $1
  )
  SELECT heads.partition, min(coalesce(commits.next_offset, 0)) AS floor
  FROM log_partitions AS heads CROSS JOIN groups
  LEFT JOIN log_commits AS commits
    ON commits.group_name = groups.group_name AND commits.topic = heads.topic AND commits.partition = heads.partition
  WHERE heads.topic = $1
  GROUP BY heads.partition`;

/** From where the last step ended: in front of that are the index's entries of what is gone, until vacuum comes. */
const DELETE_STEP = `
  WITH oldest AS (
    SELECT "offset" FROM log_records
    WHERE topic = $1 AND partition = $2 AND "offset" >= $3 AND "offset" < $4
    ORDER BY "offset" LIMIT $6
  ), gone AS (
    DELETE FROM log_records AS records USING oldest
    WHERE records.topic = $1 AND records.partition = $2 AND records."offset" = oldest."offset"
      AND records.published_at < now() - $5 * interval '1 millisecond'
    RETURNING records."offset"
  )
  SELECT count(*)::integer AS gone, max("offset") AS last FROM gone`;

/** Removes records that every group has committed and that are older than the retention. */
export class LogTrimmer {
  constructor(
    private readonly database: Database,
    private readonly topic: string,
    private readonly retentionMs: number,
  ) {}

  /** One round, in small steps; ends early when `signal` says so. @returns how many records are gone. */
  async trim(signal: AbortSignal): Promise<number> {
    await this.database.query("DELETE FROM log_members WHERE heartbeat_at < now() - interval '1 hour'");
    const floors = await this.database.query<FloorRow>(FLOORS, [this.topic]);
    let total = 0;
    for (const floor of floors) total += await this.trimPartition(floor, signal);
    return total;
  }

  private async trimPartition({ partition, floor }: FloorRow, signal: AbortSignal): Promise<number> {
    let total = 0;
    let from = '0';
    while (!signal.aborted) {
      const parameters = [this.topic, partition, from, floor, this.retentionMs, STEP];
      const [step] = await this.database.query<StepRow>(DELETE_STEP, parameters);
      total += step?.gone ?? 0;
      if (step?.last == null || step.gone < STEP) break;
      from = step.last;
    }
    return total;
  }
}
