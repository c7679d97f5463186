import { closeSync, openSync, writeFileSync } from 'node:fs';
import { CannotRunError } from '../../cannot-run.error';
import { EventMaker } from './event-maker';

export interface CsvPlan {
  readonly file: string;
  readonly rows: number;
  readonly seed: number;
}

const HEADER = 'event_id,occurred_at,user_id,event_type,source,amount,properties_json\n';
/** Fixed, so that the same seed makes the same file on any day. */
const FIRST_MS = Date.UTC(2026, 0, 1);
const SPAN_MS = 30 * 86_400_000;
const CHUNK_CHARACTERS = 1 << 20;

/**
 * Writes events as `millrace import` reads them, spread over January 2026, in the order of their times. The same
 * `rows` and `seed` make the same bytes. One chunk of 1 MB is in memory at a time.
 *
 * @throws {CannotRunError} when the file cannot be written.
 */
export function writeCsvFile({ file, rows, seed }: CsvPlan): void {
  try {
    // By its descriptor a file is written from where the last writing ended, and all of it, also on a disk that is nearly full.
    const descriptor = openSync(file, 'w');
    try {
      let chunk = HEADER;
      for (const row of csvRows(rows, seed)) {
        chunk += row;
        if (chunk.length < CHUNK_CHARACTERS) continue;
        writeFileSync(descriptor, chunk);
        chunk = '';
      }
      writeFileSync(descriptor, chunk);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw new CannotRunError(`cannot write ${file}: ${String(error)}`, { cause: error });
  }
}

function* csvRows(rows: number, seed: number): Generator<string> {
  const maker = new EventMaker(seed, '""');
  const stepMs = SPAN_MS / rows;
  for (let row = 0; row < rows; row += 1) {
    const ms = Math.floor(FIRST_MS + row * stepMs);
    const { name, source, userId, amount = '', data } = maker.next();
    yield `${uuidAt(ms, maker)},${new Date(ms).toISOString()},${userId},${name},${source},${amount},"${data}"\n`;
  }
}

/** A UUIDv7 of that millisecond whose random bits come from the seed: ids that rise with the rows insert cheaply. */
function uuidAt(ms: number, maker: EventMaker): string {
  const time = ms.toString(16).padStart(12, '0');
  const bits = maker.hex(9);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${bits.slice(0, 3)}-8${bits.slice(3, 6)}-${bits.slice(6)}`;
}
