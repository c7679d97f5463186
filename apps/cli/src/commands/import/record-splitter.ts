import { createHash, type Hash } from 'node:crypto';

const QUOTE = 0x22;
const COMMA = 0x2c;
const LF = 0x0a;
const CR = 0x0d;

const BRACE = 0x7b;
/** What may come before the first record: blank lines, and the bytes of a byte order mark. */
const BEFORE_FIRST = new Set([0xef, 0xbb, 0xbf, 0x20, 0x09, CR, LF]);

/** One record of a CSV file, as bytes; a quoted field may spread it over several lines. */
export interface CsvRecord {
  /** Line that it begins on, the first line of the file being 1. */
  readonly line: number;
  /** Without the line ending; empty when it is too long. */
  readonly bytes: Buffer;
  /** What keeps it from being read, whatever is in it. */
  readonly problem?: string;
}

/** Where the scan stands within a field; `closing` is a quote in a quoted field, of which the next byte decides. */
type State = 'start' | 'plain' | 'quoted' | 'closing';

/**
 * Cuts the bytes of a CSV file (RFC 4180; lines end with LF or CRLF) into records, in constant memory: a record longer
 * than `maxRecordBytes` is passed over to its end and handed out as a problem.
 *
 * It works on bytes rather than with csv-parse, because of three things that parser cannot tell: the exact bytes of a
 * record (needed for the running hash and the report of a refused line), the line of the file it began on, and the
 * record after one that is too long. A quote opens a field only as its first byte, so a stray one spoils its own line
 * and no more. A quote that is never closed takes the rest of the file with it: taking up again on the next line
 * could turn the text inside a cell into events.
 *
 * A file that begins with a brace is NDJSON, of which every line is a record.
 */
export class RecordSplitter {
  private readonly hash: Hash = createHash('sha256');
  private state: State = 'start';
  /** Bytes of the record so far that are not hashed yet. */
  private parts: Buffer[] = [];
  private length = 0;
  private line = 1;
  private linesInside = 0;
  private braceFirst: boolean | undefined;

  constructor(private readonly maxRecordBytes: number) {}

  /** True when the file is NDJSON; known from the first record on. */
  get isNdjson(): boolean {
    return this.braceFirst === true;
  }

  /** The records that end within `chunk`, whose bytes they share. Blank lines are passed over. */
  *split(chunk: Buffer): Generator<CsvRecord> {
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? LF;
      if (this.braceFirst === undefined && !BEFORE_FIRST.has(byte)) this.braceFirst = byte === BRACE;
      if (byte === LF && this.state !== 'quoted') {
        this.add(chunk.subarray(from, at));
        yield* this.finish();
        this.hash.update('\n');
        from = at + 1;
      } else {
        if (byte === LF) this.linesInside += 1;
        if (this.braceFirst !== true) this.state = nextState(this.state, byte);
      }
    }
    this.add(chunk.subarray(from));
  }

  /** The record that the file ends in, if its last line has no line ending. */
  *end(): Generator<CsvRecord> {
    const problem =
      this.state === 'quoted' ? 'a quote is opened and never closed, so nothing after it can be read' : '';
    for (const record of this.finish()) yield problem === '' ? record : { ...record, problem };
  }

  /**
   * SHA-256, in hexadecimal, of the file from its first byte to the last one of the record handed out last, without
   * its line ending. Only right until the generator goes on.
   */
  digest(): string {
    return this.hash.copy().digest('hex');
  }

  private add(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.parts.push(bytes);
    this.length += bytes.length;
    if (this.length <= this.maxRecordBytes) return;
    // The last byte stays: if it is a CR before the LF it belongs to the line ending and not to the record.
    const seen = Buffer.concat(this.parts);
    this.hash.update(seen.subarray(0, -1));
    this.parts = [seen.subarray(-1)];
  }

  private *finish(): Generator<CsvRecord> {
    const { line, length, parts } = this;
    const whole = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    const bytes = whole.at(-1) === CR ? whole.subarray(0, -1) : whole;
    this.line += this.linesInside + 1;
    this.linesInside = 0;
    this.state = 'start';
    this.parts = [];
    this.length = 0;
    this.hash.update(bytes);
    if (length > this.maxRecordBytes) {
      yield { line, bytes: Buffer.alloc(0), problem: `the row is longer than ${this.maxRecordBytes} bytes` };
    } else if (bytes.length > 0) {
      yield { line, bytes };
    }
    this.hash.update(whole.subarray(bytes.length));
  }
}

function nextState(state: State, byte: number): State {
  switch (state) {
    case 'quoted':
      return byte === QUOTE ? 'closing' : 'quoted';
    case 'closing':
      if (byte === QUOTE) return 'quoted';
      return byte === COMMA ? 'start' : 'plain';
    case 'start':
      if (byte === QUOTE) return 'quoted';
      return byte === COMMA ? 'start' : 'plain';
    case 'plain':
      return byte === COMMA ? 'start' : 'plain';
  }
}
