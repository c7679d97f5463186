import { createHash } from 'node:crypto';
import type { Database } from '@app/persistence';
import type { PartitionBounds } from '../event-tail.port';

/** A topic of the embedded log. */
export interface EmbeddedTopic {
  readonly topic: string;
  readonly partitions: number;
}

/**
 * Makes the topic. One that exists keeps its records and gets more partitions when it has fewer; it never loses one.
 * Any number of processes may call it at once.
 */
export async function ensureEmbeddedLog(database: Database, { topic, partitions }: EmbeddedTopic): Promise<void> {
  await database.query(
    `INSERT INTO log_partitions (topic, partition) SELECT $1, generate_series(0, $2::integer - 1)
     ON CONFLICT DO NOTHING`,
    [topic, partitions],
  );
}

/** How many partitions the topic has; 0 when nobody has made it. */
export async function countPartitions(database: Database, topic: string): Promise<number> {
  const [row] = await database.query<{ partitions: number }>(
    'SELECT count(*)::integer AS partitions FROM log_partitions WHERE topic = $1',
    [topic],
  );
  return row?.partitions ?? 0;
}

interface BoundsRow {
  readonly oldest: string;
  readonly end: string;
}

const BOUNDS = `
  SELECT coalesce(first."offset", heads.next_offset) AS oldest, heads.next_offset AS "end"
  FROM log_partitions AS heads
  LEFT JOIN LATERAL (
    SELECT "offset" FROM log_records AS records
    WHERE records.topic = heads.topic AND records.partition = heads.partition ORDER BY "offset" LIMIT 1
  ) AS first ON true
  WHERE heads.topic = $1 ORDER BY heads.partition`;

/** By partition; empty when nobody has made the topic. */
export async function readBounds(database: Database, topic: string): Promise<PartitionBounds[]> {
  const rows = await database.query<BoundsRow>(BOUNDS, [topic]);
  return rows.map(({ oldest, end }) => ({ oldest: Number(oldest), end: Number(end) }));
}

/**
 * The channel on which a topic's publishers and members wake its readers. A hash, because PostgreSQL takes names of
 * channels up to 63 bytes and a topic's may be longer.
 */
export function wakeUpChannel(topic: string): string {
  return `millrace_log_${createHash('sha256').update(topic).digest('hex').slice(0, 16)}`;
}
