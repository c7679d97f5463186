import { SegmentDiffersError } from './archive.error';
import { DELIMITER, FIXED_COLUMNS, QUOTE, TEXT_COLUMNS } from './segment-columns';

/** What two readings of the same events must agree on. */
export interface Tally {
  readonly rows: number;
  /** UTC, to the microsecond. */
  readonly minOccurredAt: string;
  readonly maxOccurredAt: string;
  /** Exactly, in units of 10^-9. */
  readonly amountNanos: bigint;
  /** XOR of the ids, 16 bytes. */
  readonly idChecksum: Buffer;
  /** UTF-8 bytes of all texts, JSON among them. */
  readonly textBytes: number;
}

/** Where a row stands in the order of a segment. */
export interface RowPlace {
  readonly projectId: number;
  /** UTC, to the microsecond. */
  readonly occurredAt: string;
  readonly eventId: string;
}

/** Of no event. */
export const EMPTY_TALLY: Tally = {
  rows: 0,
  minOccurredAt: '',
  maxOccurredAt: '',
  amountNanos: 0n,
  idChecksum: Buffer.alloc(16),
  textBytes: 0,
};

/** Pure. Of all the events of both, of which they have none in common. */
export function addTallies(a: Tally, b: Tally): Tally {
  if (a.rows === 0 || b.rows === 0) return a.rows === 0 ? b : a;
  return {
    rows: a.rows + b.rows,
    minOccurredAt: a.minOccurredAt < b.minOccurredAt ? a.minOccurredAt : b.minOccurredAt,
    maxOccurredAt: a.maxOccurredAt > b.maxOccurredAt ? a.maxOccurredAt : b.maxOccurredAt,
    amountNanos: a.amountNanos + b.amountNanos,
    idChecksum: Buffer.from(a.idChecksum.map((byte, index) => byte ^ (b.idChecksum[index] ?? 0))),
    textBytes: a.textBytes + b.textBytes,
  };
}

/** Pure. @throws {SegmentDiffersError} that names the figures that are not the same. */
export function requireSame(expected: Tally, found: Tally, what: string): void {
  const differing = differences(expected, found);
  if (differing.length > 0) throw new SegmentDiffersError(`${what} has other ${differing.join(', ')}.`);
}

function differences(a: Tally, b: Tally): string[] {
  return (Object.keys(a) as (keyof Tally)[]).filter((figure) => {
    const [one, other] = [a[figure], b[figure]];
    return one instanceof Buffer && other instanceof Buffer ? !one.equals(other) : one !== other;
  });
}

const NEW_LINE_BYTES = 1;
const AMOUNT_DECIMALS = 9;

/**
 * Counts rows as PostgreSQL sends them, before anybody has made anything else of them: what is written from them is held
 * against this. 0.6 µs a row.
 */
export class RowTally {
  private rows = 0;
  private min = '';
  private max = '';
  private amountNanos = 0n;
  private textBytes = 0;
  private readonly ids = new IdChecksum();
  private readonly ends: number[] = [];
  private lastLine: { projectId: string; occurredAt: string; eventId: string } | undefined;
  /** Bytes of the longest line. */
  longest = 0;

  add(line: Buffer): void {
    let at = 0;
    for (let column = 0; column < FIXED_COLUMNS; column += 1) {
      at = line.indexOf(DELIMITER, at);
      this.ends[column] = at;
      at += 1;
    }
    const [project = 0, time = 0, id = 0, , stored = 0, amount = 0] = this.ends;
    const occurredAt = line.toString('latin1', project + 1, time);
    const eventId = line.toString('latin1', time + 1, id);
    this.lastLine = { projectId: line.toString('latin1', 0, project), occurredAt, eventId };
    if (this.rows === 0 || occurredAt < this.min) this.min = occurredAt;
    if (this.rows === 0 || occurredAt > this.max) this.max = occurredAt;
    this.ids.add(Buffer.from(eventId.replaceAll('-', ''), 'hex'), 0);
    if (amount > stored + 1) this.amountNanos += toNanos(line.toString('latin1', stored + 1, amount));
    this.textBytes += line.length - at - (TEXT_COLUMNS.length - 1) - NEW_LINE_BYTES - quotesIn(line, at);
    if (line.length > this.longest) this.longest = line.length;
    this.rows += 1;
  }

  /** Of the row that came last. */
  get last(): RowPlace | undefined {
    return this.lastLine && { ...this.lastLine, projectId: Number(this.lastLine.projectId) };
  }

  result(): Tally {
    const { rows, min: minOccurredAt, max: maxOccurredAt, amountNanos, textBytes } = this;
    return { rows, minOccurredAt, maxOccurredAt, amountNanos, idChecksum: this.ids.value(), textBytes };
  }
}

/** XOR of ids: the same in every order. Ids that come twice would cancel out, so somebody else must rule them out. */
export class IdChecksum {
  private readonly bytes = Buffer.alloc(16);

  add(bytes: Buffer, at: number): void {
    const { bytes: sum } = this;
    for (let word = 0; word < 16; word += 4)
      sum.writeInt32LE(sum.readInt32LE(word) ^ bytes.readInt32LE(at + word), word);
  }

  value(): Buffer {
    return Buffer.from(this.bytes);
  }
}

/** @throws {RangeError} for more decimals than an amount has: the file would round them. */
export function toNanos(decimal: string): bigint {
  const [whole = '', fraction = ''] = decimal.split('.');
  if (fraction.length > AMOUNT_DECIMALS) throw new RangeError('An amount has more than 9 decimals.');
  return BigInt(whole + fraction.padEnd(AMOUNT_DECIMALS, '0'));
}

/** Of fields that PostgreSQL had to quote; a quote in them does not occur. */
function quotesIn(line: Buffer, from: number): number {
  let count = 0;
  for (let at = line.indexOf(QUOTE, from); at !== -1; at = line.indexOf(QUOTE, at + 1)) count += 1;
  return count;
}
