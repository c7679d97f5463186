import type { DuckDBBigIntVector, DuckDBConnection, DuckDBIntegerVector, DuckDBUUIDVector } from '@duckdb/node-api';
import type { EventKeys, SegmentContent } from '@app/persistence';
import { contentOf } from '../file-content';
import { IdChecksum, toNanos, type Tally } from '../row-tally';
import { csvColumns, DELIMITER, fromSpool, QUOTE, TEXT_COLUMNS } from '../segment-columns';
import { quoted, timestamp, type Connecting } from './engine';
import { ORDER, parquet } from './sql';

/**
 * Rows that are packed together and read together. A page of a list reads one or two of these groups: in 30,720 rows it took
 * 11 ms, in 10,240 rows 18 ms with a file a quarter larger, and 122,880 rows take four times the memory.
 */
const GROUP_ROWS = 12_288;

/**
 * Rows come in vectors of as many at most, of fewer where a condition leaves some out, and a group ends with the vector that
 * fills it. With more rows than `GROUP_ROWS` it could have more users than a dictionary may.
 */
const VECTOR_ROWS = 2048;

/**
 * What the rows of one group take, since DuckDB holds them all. It counts them only where it need not keep their order
 * itself (see `Engine`): 3900 events of 262 kB then take 200 MB in all, and else fail with 500.
 */
const GROUP_BYTES = '16MB';

/** User ids of 85 bytes, if each were another one. */
const DICTIONARY_TEXT_BYTES = 1_048_576;

/** Of the file that is read; four times the longest line where that is more. */
const BUFFER_BYTES = 2 * 1024 * 1024;

/**
 * Makes a Parquet file of spooled lines, in their order. Each row has the time of this in `archived_at`, which it keeps in
 * whatever file it is written to later.
 */
export async function writeSegment(
  engine: Connecting,
  spool: string,
  longestLineBytes: number,
  path: string,
): Promise<void> {
  const rows = `SELECT ${fromSpool}, ${timestamp(Date.now())} AS archived_at FROM ${spooled(spool, longestLineBytes)}`;
  try {
    await writeParquet(engine, rows, path);
  } catch (error) {
    // The lines behind the first one quote the event, which belongs into no log.
    throw new Error((error as Error).message.split('\n', 1)[0]);
  }
}

/** Makes a segment's file of rows that come in their order. */
export async function writeParquet(engine: Connecting, rows: string, path: string): Promise<void> {
  const options = [
    'FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, COMPRESSION_LEVEL 3, USE_TMP_FILE false',
    `ROW_GROUP_SIZE ${GROUP_ROWS - VECTOR_ROWS + 1}, ROW_GROUP_SIZE_BYTES '${GROUP_BYTES}'`,
    // A dictionary for user ids too, since only what has one gets a bloom filter: with it a user of 3 events was found among
    // 10 million rows in 32 ms. But none where no value comes twice, as of ids, nor of long texts: these made files a third
    // larger, and a dictionary is unpacked whole for one row.
    `DICTIONARY_SIZE_LIMIT ${GROUP_ROWS - 1}, STRING_DICTIONARY_PAGE_SIZE_LIMIT ${DICTIONARY_TEXT_BYTES}`,
  ];
  await engine.connected((connection) => connection.run(`COPY (${rows}) TO ${quoted(path)} (${options.join(', ')})`));
}

function spooled(path: string, longestLineBytes: number): string {
  const buffer = Math.max(BUFFER_BYTES, 4 * longestLineBytes);
  return `read_csv(${quoted(path)}, auto_detect = false, header = false, delim = '${String.fromCharCode(DELIMITER)}',
    quote = '${String.fromCharCode(QUOTE)}', escape = '${String.fromCharCode(QUOTE)}', allow_quoted_nulls = false,
    max_line_size = ${longestLineBytes + 1}, buffer_size = ${buffer}, columns = ${csvColumns})`;
}

/** Of a row, in DuckDB. */
const TEXT_BYTES = TEXT_COLUMNS.map((column) => `coalesce(strlen(${column}), 0)`).join(' + ');

/** The select list of what rows come to, in DuckDB; `toTally` reads it. */
export const TALLY_COLUMNS = `count(*)::INTEGER AS "rows",
  min(occurred_at)::VARCHAR AS "minOccurredAt", max(occurred_at)::VARCHAR AS "maxOccurredAt",
  coalesce(sum(amount), 0)::VARCHAR AS "amountSum", bit_xor(event_id::BLOB::BIT)::BLOB AS "idChecksum",
  sum(${TEXT_BYTES})::DOUBLE AS "textBytes"`;

export interface TallyRow extends Omit<Tally, 'amountNanos'> {
  /** A decimal, exactly. */
  readonly amountSum: string;
}

/** Pure. */
export function toTally(row: TallyRow): Tally {
  const { rows, minOccurredAt, maxOccurredAt, amountSum, idChecksum, textBytes } = row;
  const amountNanos = toNanos(amountSum);
  return { rows, minOccurredAt, maxOccurredAt, amountNanos, idChecksum: Buffer.from(idChecksum), textBytes };
}

/** What a file has, read from the file. */
export interface ReadBack {
  readonly content: SegmentContent;
  readonly tally: Tally;
}

/** Reads a whole file. @throws {Error} when its rows are not in order, or one is there twice. */
export async function readBack(engine: Connecting, path: string): Promise<ReadBack> {
  const { textBytes, ...sums } = await engine.connected(async (connection) => {
    const found = await sumUp(connection, path);
    await requireOrder(connection, path, found.rows);
    return found;
  });
  const tally = toTally({ ...sums, textBytes });
  const { bytes, sha256: fileChecksum } = await contentOf(path);
  const content = { ...sums, idChecksum: tally.idChecksum, bytes, fileChecksum };
  return { content, tally };
}

type Sums = TallyRow & Omit<SegmentContent, 'bytes' | 'fileChecksum'>;

async function sumUp(connection: DuckDBConnection, path: string): Promise<Sums> {
  const read = await connection.runAndReadAll(`
    SELECT ${TALLY_COLUMNS}, min(project_id) AS "minProjectId", max(project_id) AS "maxProjectId",
      min(event_id)::VARCHAR AS "minEventId", max(event_id)::VARCHAR AS "maxEventId"
    FROM ${parquet([path])}`);
  return read.getRowObjectsJS()[0] as unknown as Sums;
}

/** Each row but the first must stand behind the one before it. 0.1 µs a row; in JavaScript it was 1.4. */
async function requireOrder(connection: DuckDBConnection, path: string, rows: number): Promise<void> {
  const columns = ORDER.split(', ');
  const before = columns.map((column) => `lag(${column}) OVER () AS ${column}_before`).join(', ');
  const read = await connection.runAndReadAll(`
    SELECT count(*) FILTER (WHERE ${behind(columns)})::INTEGER AS behind
    FROM (SELECT ${ORDER}, ${before} FROM ${parquet([path])})`);
  if (read.getRowObjectsJS()[0]?.['behind'] !== rows - 1) throw new Error('The rows of a segment are not in order.');
}

function behind([column, ...others]: readonly string[]): string {
  if (column === undefined) return 'false';
  return `(${column} > ${column}_before OR (${column} = ${column}_before AND ${behind(others)}))`;
}

/** In the order of the file. @throws {Error} when they are not those that `content` was read from. */
export async function readKeys(engine: Connecting, path: string, content: SegmentContent): Promise<EventKeys> {
  const { rows, idChecksum } = content;
  const keys = {
    projectIds: new Int32Array(rows),
    occurredAt: new BigInt64Array(rows),
    eventIds: Buffer.alloc(rows * 16),
  };
  const ids = new IdChecksum();
  const read = await engine.connected(async (connection) => {
    const result = await connection.stream(
      `SELECT project_id, epoch_us(occurred_at), event_id FROM ${parquet([path])}`,
    );
    let row = 0;
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return row;
      const projects = chunk.getColumnVector(0) as DuckDBIntegerVector;
      const times = chunk.getColumnVector(1) as DuckDBBigIntVector;
      const eventIds = chunk.getColumnVector(2) as DuckDBUUIDVector;
      for (let index = 0; index < chunk.rowCount; index += 1, row += 1) {
        keys.projectIds[row] = projects.getItem(index) ?? 0;
        keys.occurredAt[row] = times.getItem(index) ?? 0n;
        const id = eventIds.getItem(index)?.toUint128() ?? 0n;
        keys.eventIds.writeBigUInt64BE(id >> 64n, row * 16);
        keys.eventIds.writeBigUInt64BE(id & 0xffff_ffff_ffff_ffffn, row * 16 + 8);
        ids.add(keys.eventIds, row * 16);
      }
    }
  });
  if (read !== rows || !ids.value().equals(idChecksum)) {
    throw new Error('A segment was read twice and had different rows.');
  }
  return keys;
}
