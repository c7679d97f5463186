import type { Database } from '@app/persistence';
import type { PartitionBatch } from '../log-record';
import { readRecords, type WantedRun } from './read-records';
import { shareOut } from './share-out';

export interface ReaderOptions {
  readonly group: string;
  readonly topic: string;
  readonly maxRecords: number;
  readonly maxBytes: number;
}

interface Cursor {
  /** First offset that the group has not committed, as far as this member knows. */
  next: number;
  logEnd: number;
  /** Number of the poll that read it last: who was read longest ago comes first. */
  lastRead: number;
}

interface HeadRow {
  readonly partition: number;
  readonly logEnd: string;
  readonly committed: string | null;
}

const HEADS = `
  SELECT heads.partition, heads.next_offset AS "logEnd", commits.next_offset AS committed
  FROM log_partitions AS heads
  LEFT JOIN log_commits AS commits
    ON commits.topic = heads.topic AND commits.partition = heads.partition AND commits.group_name = $2
  WHERE heads.topic = $1 AND heads.partition = ANY($3::integer[])`;

/** Only ever forward: a member that lost the partition meanwhile must not take the group back. In order of the key. */
const COMMIT = `
  INSERT INTO log_commits (group_name, topic, partition, next_offset)
  SELECT $1, $2, partition, next_offset
  FROM unnest($3::integer[], $4::bigint[]) AS committed(partition, next_offset)
  ORDER BY partition
  ON CONFLICT (group_name, topic, partition)
    DO UPDATE SET next_offset = greatest(log_commits.next_offset, excluded.next_offset)`;

/**
 * Reads the partitions of one member from where its group is. What was read and not committed is read again.
 *
 * Everything below a partition's `next_offset` is visible to whoever sees that number (see `appendRecords`), so there
 * is no gap to wait for.
 */
export class PartitionReader {
  private readonly cursors = new Map<number, Cursor>();
  private polls = 0;

  constructor(
    private readonly database: Database,
    private readonly options: ReaderOptions,
  ) {}

  /** The next records of those partitions, fairly; empty when there are none. `paused` ones are only looked at. */
  async poll(assigned: readonly number[], paused: readonly number[]): Promise<PartitionBatch[]> {
    for (const partition of this.cursors.keys()) if (!assigned.includes(partition)) this.cursors.delete(partition);
    if (assigned.length === 0) return [];
    await this.lookAtHeads(assigned);
    const wanted = this.wanted(paused);
    if (wanted.length === 0) return [];
    const { topic, maxBytes } = this.options;
    const runs = await readRecords(this.database, topic, wanted, maxBytes);
    this.passOver(wanted.filter(({ partition }) => !runs.has(partition)));
    this.polls += 1;
    const batches: PartitionBatch[] = [];
    for (const [partition, records] of runs) {
      const cursor = this.cursors.get(partition);
      if (cursor === undefined) continue;
      cursor.lastRead = this.polls;
      batches.push({ topic, partition, logEnd: cursor.logEnd, records });
    }
    return batches.sort((a, b) => a.partition - b.partition);
  }

  /** @param nexts partition → first offset that is not dealt with. */
  async commit(nexts: ReadonlyMap<number, number>): Promise<void> {
    if (nexts.size === 0) return;
    const { group, topic } = this.options;
    await this.database.query(COMMIT, [group, topic, [...nexts.keys()], [...nexts.values()]]);
    for (const [partition, next] of nexts) {
      const cursor = this.cursors.get(partition);
      if (cursor !== undefined) cursor.next = next;
    }
  }

  private async lookAtHeads(assigned: readonly number[]): Promise<void> {
    const { group, topic } = this.options;
    const rows = await this.database.query<HeadRow>(HEADS, [topic, group, assigned]);
    for (const row of rows) {
      const logEnd = Number(row.logEnd);
      const cursor = this.cursors.get(row.partition) ?? { next: Number(row.committed ?? 0), logEnd, lastRead: 0 };
      cursor.logEnd = logEnd;
      // The log was made anew behind our back. From its start, as Kafka does it: the handler's positions raise the alarm.
      if (cursor.next > logEnd) cursor.next = 0;
      this.cursors.set(row.partition, cursor);
    }
  }

  private wanted(paused: readonly number[]): WantedRun[] {
    const ready = [...this.cursors]
      .filter(([partition, { next, logEnd }]) => logEnd > next && !paused.includes(partition))
      .sort(([, a], [, b]) => a.lastRead - b.lastRead);
    const backlogs = new Map(ready.map(([partition, { next, logEnd }]) => [partition, logEnd - next]));
    const shares = shareOut(backlogs, this.options.maxRecords);
    return [...shares].map(([partition, records]) => ({
      partition,
      from: this.cursors.get(partition)?.next ?? 0,
      records,
    }));
  }

  /** Nothing is left of what the heads promised: it was trimmed before this group came. */
  private passOver(missing: readonly WantedRun[]): void {
    for (const { partition } of missing) {
      const cursor = this.cursors.get(partition);
      if (cursor !== undefined) cursor.next = cursor.logEnd;
    }
  }
}
