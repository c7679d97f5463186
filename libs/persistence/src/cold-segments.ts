import { PipelineError } from '@app/events';
import { int4Array, microsecondsArray, uuidBytesArray } from './binary-array';
import type { Queryable } from './database';
import type { LongSession } from './long-session';

/** Keys of events, one column each. */
export interface EventKeys {
  readonly projectIds: Int32Array;
  /** Microseconds since 1970. */
  readonly occurredAt: BigInt64Array;
  /** 16 bytes each. */
  readonly eventIds: Buffer;
}

/** What is in the file of a segment. */
export interface SegmentContent {
  readonly minProjectId: number;
  readonly maxProjectId: number;
  /** As PostgreSQL reads it, UTC, exactly. */
  readonly minOccurredAt: string;
  readonly maxOccurredAt: string;
  readonly minEventId: string;
  readonly maxEventId: string;
  readonly rows: number;
  readonly bytes: number;
  /** A decimal, exactly. */
  readonly amountSum: string;
  /** XOR of the ids, 16 bytes. */
  readonly idChecksum: Buffer;
  /** SHA-256. */
  readonly fileChecksum: Buffer;
}

/** A segment that a run began. */
export interface WrittenSegment {
  readonly id: string;
  readonly owner: string;
  readonly file: string;
}

/** What was to be published is no longer this run's, or the rows changed under it. Nothing was changed. */
export class SegmentLostError extends PipelineError {
  readonly code = 'SEGMENT_LOST';
  readonly retriable = true;
}

/** Any number, but the same in every version: one archiver at a time, and whoever else changes cold segments. */
export const ARCHIVE_LOCK = 7_106_925_117;

/** The owner of what was begun by a run that is over. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/**
 * Longer than a run that lost its connection may go on before it finds out, storing a file meanwhile: uploads of a gigabyte that are
 * tried again take hours.
 */
const LATE_FILE_HOURS = 24;

/** Keys that one statement deletes. */
const PIECE_ROWS = 10_000;

/** The manifest of the cold tier. */
export class ColdSegments {
  constructor(private readonly session: LongSession) {}

  /** Takes the lock of the cold tier, which the session keeps until it ends. @returns false when another one has it. */
  async lock(): Promise<boolean> {
    const [row] = await this.session.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
      ARCHIVE_LOCK,
    ]);
    return row?.locked === true;
  }

  /** Gives the lock to whoever wants it. */
  async unlock(): Promise<void> {
    await this.session.query('SELECT pg_advisory_unlock($1)', [ARCHIVE_LOCK]);
  }

  /** What the names of this database's files begin with. */
  async storeId(): Promise<string> {
    const [row] = await this.session.query<{ id: string }>('SELECT id FROM cold_store');
    if (row === undefined) throw new TypeError('The table cold_store is empty.');
    return row.id;
  }

  /** From here on the file is somebody's; nobody reads it. */
  async begin(owner: string, file: string): Promise<WrittenSegment> {
    const [row] = await this.session.query<{ id: string }>(
      'INSERT INTO cold_segments (owner, file) VALUES ($1, $2) RETURNING id',
      [owner, file],
    );
    if (row === undefined) throw new TypeError('INSERT … RETURNING gave no row.');
    return { id: row.id, owner, file };
  }

  /**
   * In one transaction: readers find the events in the file, and no longer in `events`.
   *
   * @param keys exactly those of the file, in its order.
   * @param signal aborted: it gives up, and nothing was changed.
   * @throws {SegmentLostError} nothing was changed.
   * @throws {StoreUnavailableError} nothing was changed, or (when the connection broke in the COMMIT) all of it.
   */
  async publish(
    segment: WrittenSegment,
    content: SegmentContent,
    keys: EventKeys,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.session.transaction(async (tx) => {
      await commitSegment(tx, segment, content);
      // One index lookup per key. Left to itself the planner may hash the keys and read whole partitions, hot ones too.
      await tx.query('SET LOCAL enable_hashjoin = off');
      await tx.query('SET LOCAL enable_mergejoin = off');
      for (let from = 0; from < content.rows; from += PIECE_ROWS) {
        signal?.throwIfAborted();
        await deleteRows(tx, keys, from);
      }
    });
  }

  /**
   * Segments that a run began and did not publish, which it cannot any more from here on. Only who has the lock may ask, and
   * must not be writing any.
   */
  async abandoned(): Promise<WrittenSegment[]> {
    await this.session.query(`UPDATE cold_segments SET owner = $1 WHERE state = 'writing' AND owner <> $1`, [NOBODY]);
    return this.session.query<WrittenSegment>(
      `SELECT id, owner, file FROM cold_segments WHERE state = 'writing' ORDER BY id`,
    );
  }

  /** Strikes out abandoned segments, once their files are gone and none can come any more. */
  async forgetAbandoned(): Promise<void> {
    await this.session.query(
      `DELETE FROM cold_segments
       WHERE state = 'writing' AND owner = $1 AND created_at + $2 * interval '1 hour' <= clock_timestamp()`,
      [NOBODY, LATE_FILE_HOURS],
    );
  }

  /** Files that have a row, in whatever state. */
  async files(): Promise<ReadonlySet<string>> {
    const rows = await this.session.query<{ file: string }>('SELECT file FROM cold_segments');
    return new Set(rows.map(({ file }) => file));
  }

  /** Strikes out a segment of which no file was made. */
  async forget({ id }: WrittenSegment): Promise<void> {
    await this.session.query(`DELETE FROM cold_segments WHERE id = $1 AND state = 'writing'`, [id]);
  }
}

export async function commitSegment(tx: Queryable, segment: WrittenSegment, content: SegmentContent): Promise<void> {
  const committed = await tx.query(
    `UPDATE cold_segments SET state = 'committed', committed_at = now(),
       min_project_id = $3, max_project_id = $4, min_occurred_at = $5, max_occurred_at = $6,
       min_event_id = $7, max_event_id = $8, row_count = $9, byte_count = $10, amount_sum = $11,
       id_checksum = $12, file_checksum = $13
     WHERE id = $1 AND owner = $2 AND state = 'writing' RETURNING id`,
    [
      ...[segment.id, segment.owner, content.minProjectId, content.maxProjectId],
      ...[content.minOccurredAt, content.maxOccurredAt, content.minEventId, content.maxEventId],
      ...[content.rows, content.bytes, content.amountSum, content.idChecksum, content.fileChecksum],
    ],
  );
  if (committed.length !== 1) throw new SegmentLostError(`Segment ${segment.id} is no longer this run's to publish.`);
}

async function deleteRows(tx: Queryable, keys: EventKeys, from: number): Promise<void> {
  const to = Math.min(from + PIECE_ROWS, keys.projectIds.length);
  const [row] = await tx.query<{ deleted: number }>(
    `WITH deleted AS (
       DELETE FROM events e USING unnest($1::int4[], $2::timestamptz[], $3::uuid[]) AS k(project_id, occurred_at, event_id)
       WHERE e.project_id = k.project_id AND e.occurred_at = k.occurred_at AND e.event_id = k.event_id
       RETURNING 1
     ) SELECT count(*)::int4 AS deleted FROM deleted`,
    [
      int4Array([...keys.projectIds.subarray(from, to)], (projectId) => projectId),
      microsecondsArray(keys.occurredAt.subarray(from, to)),
      uuidBytesArray(keys.eventIds.subarray(from * 16, to * 16)),
    ],
  );
  if (row?.deleted === to - from) return;
  throw new SegmentLostError(`${to - from - (row?.deleted ?? 0)} exported rows are no longer in the table.`);
}
