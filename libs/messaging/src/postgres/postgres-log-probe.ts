import type { Database } from '@app/persistence';
import { LogProbe, type Backlog } from '../log-probe.port';
import { TopicMissingError } from '../topic-missing.error';
import { countPartitions } from './embedded-log';

interface BacklogRow {
  readonly partition: number;
  readonly logEnd: number;
  readonly next: number | null;
  readonly ageMs: number | null;
}

/** The oldest record that is not committed is where the group goes on: older ones may have been trimmed. */
const BACKLOG = `
  SELECT heads.partition, heads.next_offset::float8 AS "logEnd", oldest."offset"::float8 AS next,
    (extract(epoch FROM now() - oldest.published_at) * 1000)::float8 AS "ageMs"
  FROM log_partitions AS heads
  LEFT JOIN log_commits AS commits
    ON commits.topic = heads.topic AND commits.partition = heads.partition AND commits.group_name = $2
  LEFT JOIN LATERAL (
    SELECT "offset", published_at FROM log_records AS records
    WHERE records.topic = heads.topic AND records.partition = heads.partition
      AND records."offset" >= coalesce(commits.next_offset, 0) AND records."offset" < heads.next_offset
    ORDER BY "offset" LIMIT 1
  ) AS oldest ON heads.next_offset > coalesce(commits.next_offset, 0)
  WHERE heads.topic = $1`;

/** Asks the embedded log: its database. What nobody has read is kept for ever there. */
export class PostgresLogProbe extends LogProbe {
  readonly logKind = 'embedded_log';

  constructor(
    private readonly database: Database,
    private readonly names: { readonly topic: string; readonly group: string },
  ) {
    super();
  }

  /** @throws {TopicMissingError} */
  override async ping(): Promise<void> {
    const { topic } = this.names;
    if ((await countPartitions(this.database, topic)) === 0) throw new TopicMissingError(topic);
  }

  override async backlog(): Promise<Backlog> {
    const { topic, group } = this.names;
    const rows = await this.database.query<BacklogRow>(BACKLOG, [topic, group]);
    return {
      partitions: new Map(rows.map(({ partition, logEnd, next }) => [partition, { logEnd, next: next ?? logEnd }])),
      oldestUnreadMs: Math.max(0, ...rows.map(({ ageMs }) => ageMs ?? 0)),
      retentionMs: undefined,
    };
  }

  /** The database is closed by whoever owns it. */
  override close(): Promise<void> {
    return Promise.resolve();
  }
}
