import type { Queryable } from './database';
import { commitSegment, SegmentLostError, type SegmentContent, type WrittenSegment } from './cold-segments';

/** What the manifest says of a file that readers may open, exactly. */
export interface SegmentRecord {
  readonly id: string;
  readonly file: string;
  readonly rows: number;
  /** Of the file. */
  readonly bytes: number;
  readonly minProjectId: number;
  readonly maxProjectId: number;
  /** UTC, as PostgreSQL prints it, to the microsecond. */
  readonly minOccurredAt: string;
  readonly maxOccurredAt: string;
  readonly amountSum: string;
  /** XOR of the ids, 16 bytes. */
  readonly idChecksum: Buffer;
}

/** A file that was replaced: some reader may still be in it. */
export interface SupersededSegment {
  readonly id: string;
  readonly file: string;
  /** From when on nobody can be, by the clock of PostgreSQL. */
  readonly removableAt: Date;
}

const RECORD = `e.id, e.file, e.row_count::float8 AS rows, e.byte_count::float8 AS bytes,
  e.min_project_id AS "minProjectId", e.max_project_id AS "maxProjectId",
  (e.min_occurred_at AT TIME ZONE 'UTC')::text AS "minOccurredAt",
  (e.max_occurred_at AT TIME ZONE 'UTC')::text AS "maxOccurredAt",
  e.amount_sum::text AS "amountSum", e.id_checksum AS "idChecksum"`;

/** All files that readers may open, by project and time. Whoever has the lock of the cold tier knows that they stay so. */
export async function segmentRecords(database: Queryable): Promise<SegmentRecord[]> {
  return database.query<SegmentRecord>(
    `SELECT ${RECORD} FROM cold_segments e WHERE e.state = 'committed'
     ORDER BY e.min_project_id, e.min_occurred_at, e.id`,
  );
}

/**
 * From the commit of this transaction on, readers find in the new files what they found in the old ones.
 *
 * @throws {SegmentLostError} some old one is no longer what it was, or a new one is no longer this run's.
 */
export async function replaceSegments(
  tx: Queryable,
  replaced: readonly SegmentRecord[],
  written: readonly { readonly segment: WrittenSegment; readonly content: SegmentContent }[],
): Promise<void> {
  for (const { id, file, rows, idChecksum } of replaced) {
    const superseded = await tx.query(
      `UPDATE cold_segments SET state = 'superseded', superseded_at = clock_timestamp()
       WHERE id = $1 AND state = 'committed' AND file = $2 AND row_count = $3 AND id_checksum = $4 RETURNING 1`,
      [id, file, rows, idChecksum],
    );
    if (superseded.length !== 1) throw new SegmentLostError(`Segment ${id} is no longer what it was.`);
  }
  for (const { segment, content } of written) await commitSegment(tx, segment, content);
}

/** Last in the transaction: until its commit, readers are sent to the old files. */
export async function stampSuperseded(tx: Queryable, replaced: readonly SegmentRecord[]): Promise<void> {
  await tx.query(
    `UPDATE cold_segments SET superseded_at = clock_timestamp() WHERE id = ANY ($1::int8[]) AND state = 'superseded'`,
    [replaced.map(({ id }) => id)],
  );
}

/** @param graceMs how long a reader may be in a file at most. */
export async function supersededSegments(database: Queryable, graceMs: number): Promise<SupersededSegment[]> {
  const rows = await database.query<{ id: string; file: string; removable: number }>(
    `SELECT id, file, (extract(epoch FROM superseded_at) * 1000)::float8 + $1 AS removable
     FROM cold_segments WHERE state = 'superseded' ORDER BY superseded_at, id`,
    [graceMs],
  );
  return rows.map(({ id, file, removable }) => ({ id, file, removableAt: new Date(removable) }));
}

/** Of superseded segments, those that nobody can be in any more, by the clock of PostgreSQL. */
export async function removableSegments(database: Queryable, graceMs: number): Promise<WrittenSegment[]> {
  return database.query<WrittenSegment>(
    `SELECT id, owner, file FROM cold_segments
     WHERE state = 'superseded' AND superseded_at + $1 * interval '1 ms' <= clock_timestamp() ORDER BY id`,
    [graceMs],
  );
}

/** Once its file is gone. */
export async function strikeSuperseded(database: Queryable, { id }: WrittenSegment): Promise<void> {
  await database.query(`DELETE FROM cold_segments WHERE id = $1 AND state = 'superseded'`, [id]);
}
