import { crc32c } from './crc32c';

/** A record as the producer was given it. */
export interface ProducedRecord {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, Buffer>>;
}

/** What a Produce request carries for one broker. */
export interface ProduceBody {
  readonly acks: number;
  /** Milliseconds that the broker waits for its replicas. */
  readonly timeout: number;
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly messages: readonly ProducedRecord[] }[];
  }[];
}

/** Bytes of a record batch before its records: base offset to record count. */
const BATCH_HEAD = 61;
/** Of these the batch's own length field counts what follows it. */
const BEFORE_LENGTH_ENDS = 12;
/** The checksum covers what follows it: attributes to the last record. */
const CHECKSUM_AT = 17;
const MAGIC = 2;

/** Bytes of a zigzag varint of a number that is not negative. */
function varintSize(value: number): number {
  if (value < 0x40) return 1;
  if (value < 0x2000) return 2;
  if (value < 0x100000) return 3;
  return value < 0x8000000 ? 4 : 5;
}

/** Header bytes are the same for all events of a call: encoded once, and recognized by the object. */
function encodeHeaders(headers: ProducedRecord['headers']): Buffer {
  const entries = Object.entries(headers).map(([name, value]) => [Buffer.from(name), value] as const);
  const size = entries.reduce(
    (sum, [name, value]) => sum + varintSize(name.length) + name.length + varintSize(value.length) + value.length,
    varintSize(entries.length),
  );
  const writer = new Writer(size);
  writer.varint(entries.length);
  for (const [name, value] of entries) {
    writer.sized(name);
    writer.sized(value);
  }
  return writer.bytes;
}

class Writer {
  readonly bytes: Buffer;
  at = 0;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size);
  }

  int8(value: number): void {
    this.at = this.bytes.writeInt8(value, this.at);
  }

  int16(value: number): void {
    this.at = this.bytes.writeInt16BE(value, this.at);
  }

  int32(value: number): void {
    this.at = this.bytes.writeInt32BE(value, this.at);
  }

  int64(value: number): void {
    this.at = this.bytes.writeBigInt64BE(BigInt(value), this.at);
  }

  /** Zigzag, for numbers that are not negative. */
  varint(value: number): void {
    let rest = value * 2;
    while (rest > 0x7f) {
      this.bytes[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.at++] = rest;
  }

  raw(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  sized(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }
}

/** One partition's records, with the size that each will have. */
class Batch {
  readonly size: number;
  private readonly sizes: number[] = [];

  constructor(
    readonly partition: number,
    private readonly records: readonly ProducedRecord[],
    private readonly headersOf: (record: ProducedRecord) => Buffer,
  ) {
    let size = BATCH_HEAD;
    records.forEach((record, index) => {
      const { key, value } = record;
      // Attributes and timestamp delta are one byte each, both 0.
      const body =
        2 +
        varintSize(index) +
        varintSize(key.length) +
        key.length +
        varintSize(value.length) +
        value.length +
        headersOf(record).length;
      this.sizes.push(body);
      size += varintSize(body) + body;
    });
    this.size = size;
  }

  write(writer: Writer, nowMs: number): void {
    const start = writer.at;
    writer.int64(0); // base offset: the broker's
    writer.int32(this.size - BEFORE_LENGTH_ENDS);
    writer.int32(0); // partition leader epoch
    writer.int8(MAGIC);
    writer.int32(0); // checksum, below
    writer.int16(0); // attributes: no compression, create time
    writer.int32(this.records.length - 1);
    writer.int64(nowMs);
    writer.int64(nowMs);
    writer.int64(-1); // no producer id: not idempotent, see ProducerSession
    writer.int16(0);
    writer.int32(0);
    writer.int32(this.records.length);
    this.records.forEach((record, index) => {
      writer.varint(this.sizes[index] ?? 0);
      writer.int16(0); // attributes, timestamp delta
      writer.varint(index);
      writer.sized(record.key);
      writer.sized(record.value);
      writer.raw(this.headersOf(record));
    });
    writer.bytes.writeUInt32BE(crc32c(writer.bytes, start + CHECKSUM_AT + 4, writer.at), start + CHECKSUM_AT);
  }
}

/**
 * The body of a Produce request, versions 3 to 7, byte for byte as kafkajs would write it for a producer that is not
 * idempotent. One buffer of the right size: kafkajs makes three of 512 bytes for each record, and copies each byte six
 * times (API CPU in batches of 100: see docs/adr/0006-own-produce-encoding.md).
 *
 * @param nowMs create time of every record.
 */
export function encodeProduceBody(body: ProduceBody, nowMs: number): Buffer {
  let lastHeaders: ProducedRecord['headers'] | undefined;
  let lastBytes: Buffer = Buffer.alloc(0);
  const headersOf = ({ headers }: ProducedRecord): Buffer => {
    if (headers !== lastHeaders) {
      lastHeaders = headers;
      lastBytes = encodeHeaders(headers);
    }
    return lastBytes;
  };
  const topics = body.topicData.map(({ topic, partitions }) => ({
    name: Buffer.from(topic),
    batches: partitions.map(({ partition, messages }) => new Batch(partition, messages, headersOf)),
  }));
  const size = topics.reduce(
    (sum, { name, batches }) => sum + 6 + name.length + batches.reduce((all, batch) => all + 8 + batch.size, 0),
    12,
  );
  const writer = new Writer(size);
  writer.int16(-1); // no transaction
  writer.int16(body.acks);
  writer.int32(body.timeout);
  writer.int32(topics.length);
  for (const { name, batches } of topics) {
    writer.int16(name.length);
    writer.raw(name);
    writer.int32(batches.length);
    for (const batch of batches) {
      writer.int32(batch.partition);
      writer.int32(batch.size);
      batch.write(writer, nowMs);
    }
  }
  return writer.bytes;
}
