import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { KafkaJSNonRetriableError } from 'kafkajs';
import type { LogRecord, RecordHeaders } from '../log-record';

// Layout of a record batch, magic 2: https://kafka.apache.org/documentation/#recordbatch. From its first byte:
const LENGTH_AT = 8;
const MAGIC_AT = 16;
const ATTRIBUTES_AT = 21;
const LAST_OFFSET_DELTA_AT = 23;
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

/**
 * A record batch whose records are not read yet, in the shape of a message of kafkajs: kafkajs sorts out batches that
 * were read before and aborted transactions, and never looks at a record.
 */
export interface RecordBatch {
  /** Of its last record: kafkajs drops the batch only when all of it was read before. */
  readonly offset: string;
  readonly isControlRecord: boolean;
  /** Only of a control record, which kafkajs recognizes by it. */
  readonly key: Buffer | null;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
  readonly baseOffset: number;
  readonly count: number;
  /** The records one after another, inflated. */
  readonly bytes: Buffer;
}

/**
 * The record batches of one partition of a fetch. What is cut off at the end comes whole with a later fetch.
 *
 * @throws {KafkaJSNonRetriableError} for a form that this program cannot read.
 */
export async function readRecordBatches(bytes: Buffer): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = [];
  let at = 0;
  while (at + RECORDS_AT <= bytes.length) {
    const end = at + BEFORE_LENGTH_ENDS + bytes.readInt32BE(at + LENGTH_AT);
    if (end > bytes.length) break;
    batches.push(await readRecordBatch(bytes.subarray(at, end)));
    at = end;
  }
  return batches;
}

async function readRecordBatch(bytes: Buffer): Promise<RecordBatch> {
  const magic = bytes.readInt8(MAGIC_AT);
  if (magic !== MAGIC) throw new KafkaJSNonRetriableError(`The log has record batches of version ${magic}, not 2.`);
  const attributes = bytes.readInt16BE(ATTRIBUTES_AT);
  const baseOffset = Number(bytes.readBigInt64BE(0));
  const isControlRecord = (attributes & CONTROL) !== 0;
  const batch = {
    offset: String(baseOffset + bytes.readInt32BE(LAST_OFFSET_DELTA_AT)),
    isControlRecord,
    batchContext: {
      producerId: bytes.readBigInt64BE(PRODUCER_ID_AT).toString(),
      inTransaction: (attributes & TRANSACTIONAL) !== 0,
    },
    baseOffset,
    count: bytes.readInt32BE(COUNT_AT),
    bytes: await inflated(bytes.subarray(RECORDS_AT), attributes & CODEC_MASK),
  };
  return { ...batch, key: isControlRecord ? (readRecords(batch)[0]?.key ?? null) : null };
}

async function inflated(bytes: Buffer, codec: number): Promise<Buffer> {
  if (codec === 0) return bytes;
  // The topic is made so that the broker recompresses: no other codec gets here (docs/kafkajs.md).
  if (codec !== GZIP) {
    throw new KafkaJSNonRetriableError(`The log has records compressed with ${CODEC_NAMES[codec] ?? codec}.`);
  }
  return inflate(bytes, { maxOutputLength: MAX_INFLATED_BYTES });
}

/** The records of a batch, in offset order. */
export function readRecords({
  baseOffset,
  count,
  bytes,
}: Pick<RecordBatch, 'baseOffset' | 'count' | 'bytes'>): LogRecord[] {
  const records: LogRecord[] = [];
  const reader = new Reader(bytes);
  const headers = new HeadersReader();
  for (let index = 0; index < count; index += 1) {
    const end = reader.varint() + reader.at;
    reader.at += 1; // attributes: none are defined
    reader.skipVarint(); // when it was sent: the event itself tells
    const offset = baseOffset + reader.varint();
    const key = reader.sized();
    const value = reader.sized();
    records.push({ offset, key, value, headers: headers.read(bytes.subarray(reader.at, end)) });
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
  const headers: Record<string, Buffer | readonly Buffer[]> = {};
  for (let left = reader.varint(); left > 0; left -= 1) {
    const name = reader.sized()?.toString('utf8') ?? '';
    const value = reader.sized();
    if (value !== null) addHeader(headers, name, value);
  }
  return headers;
}

function addHeader(headers: Record<string, Buffer | readonly Buffer[]>, name: string, value: Buffer): void {
  if (!(name in headers)) {
    headers[name] = value;
    return;
  }
  // It came before, or has a name that every object knows, like `__proto__`.
  const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
  const all = before === undefined ? value : [...(Buffer.isBuffer(before) ? [before] : before), value];
  Object.defineProperty(headers, name, { value: all, enumerable: true, writable: true, configurable: true });
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
