import { closeSync, openSync, writeSync } from 'node:fs';
import type { LongSession } from '@app/persistence';
import { RowTally, type RowPlace, type Tally } from './row-tally';
import { copyOptions, selectList } from './segment-columns';

export interface SpoolBounds {
  /** Only events that occurred before this. */
  readonly boundary: Date;
  /** Only events behind this place; from the first one without it. */
  readonly after: RowPlace | undefined;
  readonly maxRows: number;
  /** Of text; the last piece may go beyond it by its own size. */
  readonly maxBytes: number;
}

export interface Spooled {
  readonly tally: Tally;
  /** Of the last row; undefined when there is none. */
  readonly last: RowPlace | undefined;
  readonly longestLineBytes: number;
  /** True when nothing was left behind `last` at the time. */
  readonly exhausted: boolean;
}

const BUFFER_BYTES = 1 << 20;

/** Rows of the first statement, which says how large they are, and of any other. */
const FIRST_ROWS = 2000;
const PIECE_ROWS = 100_000;
const PIECE_BYTES = 64 * 1024 * 1024;

/**
 * Writes events of the hot tier to a file of lines, by project, time and id, in statements of a bounded size: no
 * snapshot stays open for long, and rows of half a megabyte do not fill the disk. An event that comes meanwhile at a
 * place that was passed is not in it, and is not counted.
 */
export async function spoolEvents(session: LongSession, bounds: SpoolBounds, path: string): Promise<Spooled> {
  const spool = new SpoolFile(path);
  try {
    // By the key's index. A planner with old statistics may sort all partitions instead, for each piece anew.
    await session.query('SET enable_sort = off');
    const tally = new RowTally();
    let exhausted = false;
    let last = bounds.after;
    for (let rows = 0; !exhausted && rows < bounds.maxRows && spool.bytes < bounds.maxBytes;) {
      const piece = Math.min(nextPiece(rows, spool.bytes), bounds.maxRows - rows);
      await session.copyOut(statement(bounds.boundary, last, piece), (line) => {
        tally.add(line);
        spool.write(line);
      });
      exhausted = tally.result().rows - rows < piece;
      rows = tally.result().rows;
      last = tally.last ?? last;
    }
    spool.flush();
    return { tally: tally.result(), last: tally.last, longestLineBytes: tally.longest, exhausted };
  } finally {
    spool.close();
  }
}

function nextPiece(rows: number, bytes: number): number {
  if (rows === 0) return FIRST_ROWS;
  return Math.max(1, Math.min(PIECE_ROWS, Math.floor((PIECE_BYTES / bytes) * rows)));
}

/** COPY takes no parameters: every value is a number, a time or a UUID that was read from the table. */
function statement(boundary: Date, after: RowPlace | undefined, rows: number): string {
  const behind =
    after === undefined
      ? ''
      : `AND (project_id, occurred_at, event_id) >
          (${after.projectId}, '${after.occurredAt}Z'::timestamptz, '${after.eventId}'::uuid)`;
  return `COPY (
    SELECT ${selectList} FROM events WHERE occurred_at < '${boundary.toISOString()}' ${behind}
    ORDER BY project_id, occurred_at, event_id LIMIT ${rows}
  ) TO STDOUT (${copyOptions})`;
}

/** Written in the call: the rows come in pieces of a kilobyte, and a promise for each would cost more than they do. */
class SpoolFile {
  bytes = 0;
  private readonly buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  private used = 0;
  private readonly file: number;

  constructor(path: string) {
    this.file = openSync(path, 'wx', 0o600);
  }

  write(line: Buffer): void {
    if (this.used + line.length > BUFFER_BYTES) this.flush();
    if (line.length > BUFFER_BYTES) this.writeOut(line);
    else this.used += line.copy(this.buffer, this.used);
    this.bytes += line.length;
  }

  flush(): void {
    this.writeOut(this.buffer.subarray(0, this.used));
    this.used = 0;
  }

  close(): void {
    closeSync(this.file);
  }

  private writeOut(bytes: Buffer): void {
    // On a disk that is nearly full a write takes less than it was given, and the next one throws.
    for (let at = 0; at < bytes.length;) at += writeSync(this.file, bytes, at);
  }
}
