import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { LogRecord, RecordHeaders } from '../log-record';

// Layout of a record batch, magic 2: https://kafka.apache.org/documentation/#recordbatch. From its first byte:
const LENGTH_AT = 8;
const MAGIC_AT = 16;
const ATTRIBUTES_AT = 21;
const LAST_OFFSET_DELTA_AT = 23;
const MAX_TIMESTAMP_AT = 35;
const PRODUCER_ID_AT = 43;
const COUNT_AT = 57;
const RECORDS_AT = 61;
/** What the length field does not count: base offset and itself. */
const BEFORE_LENGTH_ENDS = 12;
const MAGIC = 2;

const CODEC_MASK = 0x07;
const GZIP = 1;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const CODEC_NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** Kafka's own limit of a broker's message is 1 MiB; our topic allows 2 MiB, and text shrinks to a tenth. */
const MAX_INFLATED_BYTES = 64 * 1024 * 1024;

const inflate = promisify(gunzip);

/** A record batch whose records are not read yet, in the shape of a message of kafkajs, which never looks at a record. */
export interface RecordBatch {
  /** Of its last record: kafkajs drops the batch only when all of it was read before. */
  readonly offset: string;
  readonly baseOffset: number;
  /** Of its last record, by the producer's clock or, where the topic says so, the broker's. */
  readonly loggedAt: number;
  /** Zero for a transaction's marker and for what was aborted: offsets without records. */
  readonly count: number;
  /** The records one after another, inflated. */
  readonly bytes: Buffer;
}

/** A transaction that came to nothing: the batches of this producer from here to its marker are no records. */
export interface AbortedTransaction {
  readonly producerId: string;
  readonly firstOffset: string;
}

/** The batches up to the first one that can't be read. */
export interface ReadBatches {
  readonly batches: readonly RecordBatch[];
  /** What is the matter with the batch after them, and where that begins. */
  readonly failure?: { readonly offset: number; readonly error: Error };
}

/** The record batches of one partition of a fetch. What is cut off at the end comes whole with a later fetch. */
export async function readRecordBatches(
  bytes: Buffer,
  aborted: readonly AbortedTransaction[] = [],
): Promise<ReadBatches> {
  const batches: RecordBatch[] = [];
  const transactions = new Transactions(aborted);
  let at = 0;
  while (bytes.length - at > MAGIC_AT) {
    const offset = Number(bytes.readBigInt64BE(at));
    const end = at + BEFORE_LENGTH_ENDS + bytes.readInt32BE(at + LENGTH_AT);
    try {
      checkMagic(bytes.readInt8(at + MAGIC_AT));
      if (end > bytes.length) break;
      batches.push(await readRecordBatch(bytes.subarray(at, end), transactions));
    } catch (error) {
      return { batches, failure: { offset, error: error as Error } };
    }
    at = end;
  }
  return { batches };
}

function checkMagic(magic: number): void {
  if (magic !== MAGIC) throw new UnreadableBatchError(`The log has record batches of version ${magic}, not 2.`);
}

async function readRecordBatch(bytes: Buffer, transactions: Transactions): Promise<RecordBatch> {
  if (bytes.length < RECORDS_AT) throw new UnreadableBatchError('A record batch is shorter than its head.');
  const attributes = bytes.readInt16BE(ATTRIBUTES_AT);
  const baseOffset = Number(bytes.readBigInt64BE(0));
  const lastOffset = baseOffset + bytes.readInt32BE(LAST_OFFSET_DELTA_AT);
  const loggedAt = Number(bytes.readBigInt64BE(MAX_TIMESTAMP_AT));
  const place = { offset: String(lastOffset), baseOffset, loggedAt };
  const producerId = bytes.readBigInt64BE(PRODUCER_ID_AT).toString();
  if ((attributes & CONTROL) !== 0) {
    transactions.ended(producerId);
    return { ...place, count: 0, bytes: NOTHING };
  }
  if ((attributes & TRANSACTIONAL) !== 0 && transactions.isAborted(producerId, lastOffset)) {
    return { ...place, count: 0, bytes: NOTHING };
  }
  const count = bytes.readInt32BE(COUNT_AT);
  return { ...place, count, bytes: await inflated(bytes.subarray(RECORDS_AT), attributes & CODEC_MASK) };
}

const NOTHING = Buffer.alloc(0);

/**
 * Which producer is in a transaction that was aborted, at the batch that is read. kafkajs' own answer takes one
 * transaction into account per message, and a batch may be the first of two.
 */
class Transactions {
  private readonly waiting: AbortedTransaction[];
  private readonly aborted = new Set<string>();

  constructor(all: readonly AbortedTransaction[]) {
    this.waiting = [...all].sort((a, b) => Number(a.firstOffset) - Number(b.firstOffset));
  }

  isAborted(producerId: string, lastOffset: number): boolean {
    for (
      let [next] = this.waiting;
      next !== undefined && Number(next.firstOffset) <= lastOffset;
      [next] = this.waiting
    ) {
      this.waiting.shift();
      this.aborted.add(next.producerId);
    }
    return this.aborted.has(producerId);
  }

  ended(producerId: string): void {
    this.aborted.delete(producerId);
  }
}

/** What is on the log is in a form that this program does not know. */
class UnreadableBatchError extends Error {}

async function inflated(bytes: Buffer, codec: number): Promise<Buffer> {
  if (codec === 0) return bytes;
  // The topic is made so that the broker recompresses: no other codec gets here (docs/kafkajs.md).
  if (codec !== GZIP) {
    throw new UnreadableBatchError(`The log has records compressed with ${CODEC_NAMES[codec] ?? codec}.`);
  }
  return inflate(bytes, { maxOutputLength: MAX_INFLATED_BYTES });
}

/** The records of a batch, in offset order. */
export function readRecords({ baseOffset, loggedAt, count, bytes }: Omit<RecordBatch, 'offset'>): LogRecord[] {
  const records: LogRecord[] = [];
  const reader = new Reader(bytes);
  const headers = new HeadersReader();
  for (let index = 0; index < count; index += 1) {
    const end = reader.varint() + reader.at;
    reader.at += 1; // attributes: none are defined
    reader.skipVarint(); // how long after the first of the batch it came
    const offset = baseOffset + reader.varint();
    const key = reader.sized();
    const value = reader.sized();
    records.push({ offset, loggedAt, key, value, headers: headers.read(bytes.subarray(reader.at, end)) });
    reader.at = end;
  }
  return records;
}

/** The events of a request stand in a row and have the same headers: these are read once, and shared. */
class HeadersReader {
  private lastBytes: Buffer | undefined;
  private last: RecordHeaders = {};

  read(bytes: Buffer): RecordHeaders {
    if (this.lastBytes?.equals(bytes) !== true) {
      this.lastBytes = bytes;
      this.last = readHeaders(new Reader(bytes));
    }
    return this.last;
  }
}

function readHeaders(reader: Reader): RecordHeaders {
  const headers: Record<string, Buffer | Buffer[]> = {};
  for (let left = reader.varint(); left > 0; left -= 1) {
    const name = reader.sized()?.toString('utf8') ?? '';
    const value = reader.sized();
    if (value !== null) addHeader(headers, name, value);
  }
  return headers;
}

/** A record may have the same header a million times: none of them is copied for the next one. */
function addHeader(headers: Record<string, Buffer | Buffer[]>, name: string, value: Buffer): void {
  const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (Array.isArray(before)) before.push(value);
  else if (before !== undefined) setHeader(headers, name, [before, value]);
  else if (name in headers) setHeader(headers, name, value);
  else headers[name] = value;
}

/** Also where every object knows the name already, like `__proto__`. */
function setHeader(headers: Record<string, Buffer | Buffer[]>, name: string, value: Buffer | Buffer[]): void {
  Object.defineProperty(headers, name, { value, enumerable: true, writable: true, configurable: true });
}

class Reader {
  at = 0;

  constructor(readonly bytes: Buffer) {}

  /** Zigzag, up to 32 bits. */
  varint(): number {
    let shift = 0;
    let value = 0;
    let byte: number;
    do {
      byte = this.bytes.readUInt8(this.at++);
      value |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte > 0x7f);
    return (value >>> 1) ^ -(value & 1);
  }

  skipVarint(): void {
    while (this.bytes.readUInt8(this.at++) > 0x7f);
  }

  /** Bytes behind their length; null has the length -1. */
  sized(): Buffer | null {
    const length = this.varint();
    if (length < 0) return null;
    const start = this.at;
    this.at += length;
    return this.bytes.subarray(start, this.at);
  }
}
