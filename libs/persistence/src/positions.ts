import type { Prepared, Transaction } from './database';
import type { InsertBatch } from './insert-batch';
import { LogRecreatedError } from './log-recreated.error';

/** What became of the offsets of one partition in this transaction. */
export interface Tally {
  nextOffset: number;
  stored: number;
  duplicate: number;
  dead: number;
  erased: number;
}

/** The rows of the batch's partitions, locked. */
export interface LockedPositions {
  /** Per partition a tally that starts at its next offset. */
  readonly tallies: ReadonlyMap<number, Tally>;
  /** Of the erasures; see `ErasureScreen.look`. */
  readonly erasureVersion: number;
}

const MAKE: Prepared = {
  name: 'make-positions',
  sql: `INSERT INTO consumer_positions (group_name, topic, partition, counted_from, next_offset)
   SELECT $1, $2, partition, first, first FROM unnest($3::int4[], $4::int8[]) AS u(partition, first)
   ON CONFLICT DO NOTHING`,
};

const LOCK: Prepared = {
  name: 'lock-positions-with-version',
  sql: `SELECT partition, next_offset::float8 AS next, (SELECT version::float8 FROM erasure_state) AS version
   FROM consumer_positions
   WHERE group_name = $1 AND topic = $2 AND partition = ANY ($3::int4[])
   ORDER BY partition FOR UPDATE`,
};

const ADVANCE: Prepared = {
  name: 'advance-positions-with-erased',
  sql: `UPDATE consumer_positions p
   SET next_offset = u.next, stored = p.stored + u.stored, duplicate = p.duplicate + u.duplicate,
     dead = p.dead + u.dead, erased = p.erased + u.erased
   FROM unnest($3::int4[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::int8[])
     AS u(partition, next, stored, duplicate, dead, erased)
   WHERE p.group_name = $1 AND p.topic = $2 AND p.partition = u.partition`,
};

/**
 * Locks the positions of the batch's partitions until the transaction ends, in the order of the partitions. A second
 * owner of a partition (a zombie, or its successor) waits here, and then finds the offsets already dealt with.
 *
 * @throws {LogRecreatedError} when the log ends below a position.
 */
export async function lockPositions(tx: Transaction, batch: InsertBatch): Promise<LockedPositions> {
  const partitions = firstOffsets(batch);
  // The insert comes first: were the existing rows locked before it, two owners that see different rows as missing
  // could each hold what the other waits for.
  await tx.execute(MAKE, [
    batch.group,
    batch.topic,
    partitions.map(([partition]) => partition),
    partitions.map(([, first]) => first),
  ]);
  const rows = await tx.execute<{ partition: number; next: number; version: number }>(LOCK, [
    batch.group,
    batch.topic,
    partitions.map(([partition]) => partition),
  ]);
  for (const { partition, next } of rows) {
    const logEnd = batch.logEnds.get(partition);
    if (logEnd !== undefined && logEnd < next) throw new LogRecreatedError(batch.topic, partition, logEnd, next);
  }
  const tallies = rows.map(
    ({ partition, next }) => [partition, { nextOffset: next, stored: 0, duplicate: 0, dead: 0, erased: 0 }] as const,
  );
  return { tallies: new Map(tallies), erasureVersion: rows[0]?.version ?? 0 };
}

/** Adds the tallies to the rows locked before. */
export async function advancePositions(
  tx: Transaction,
  batch: InsertBatch,
  tallies: ReadonlyMap<number, Tally>,
): Promise<void> {
  const values = [...tallies.values()];
  await tx.execute(ADVANCE, [
    batch.group,
    batch.topic,
    [...tallies.keys()],
    values.map(({ nextOffset }) => nextOffset),
    values.map(({ stored }) => stored),
    values.map(({ duplicate }) => duplicate),
    values.map(({ dead }) => dead),
    values.map(({ erased }) => erased),
  ]);
}

/** Per partition of the batch its lowest offset, by partition. */
function firstOffsets(batch: InsertBatch): [partition: number, first: number][] {
  const firsts = new Map<number, number>();
  for (const { partition, offset } of batch.outcomes) {
    const first = firsts.get(partition);
    if (first === undefined || offset < first) firsts.set(partition, offset);
  }
  return [...firsts].sort(([a], [b]) => a - b);
}
