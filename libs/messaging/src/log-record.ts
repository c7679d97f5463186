/** Header values as they came; a header may occur more than once. */
export type RecordHeaders = Readonly<Record<string, Buffer | readonly Buffer[] | undefined>>;

/** One record of the log, untouched: nothing in it has been checked. */
export interface LogRecord {
  /** Position within the partition. A double holds it exactly up to 2^53. */
  readonly offset: number;
  /** When it came onto the log, in milliseconds since 1970: of records that came or are read together, the last one's time. */
  readonly loggedAt: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: RecordHeaders;
}

/** A run of records of one partition, in offset order, at least one. */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  /** Offset that the next published record will get, as of this fetch: what is not read yet is the lag. */
  readonly logEnd: number;
  readonly records: readonly LogRecord[];
}

/** Bytes of all names and values. */
export function headerBytes(headers: RecordHeaders): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Buffer.isBuffer(value) ? [value] : (value ?? [])) bytes += name.length + one.length;
  }
  return bytes;
}

/** First value of a header as text, or undefined. */
export function headerText(headers: RecordHeaders, name: string): string | undefined {
  const value = headers[name];
  const first = Buffer.isBuffer(value) ? value : value?.[0];
  return first?.toString('utf8');
}
