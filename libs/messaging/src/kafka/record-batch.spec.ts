import * as fc from 'fast-check';
import Decoder from 'kafkajs/src/protocol/decoder';
import decodeRecordBatch from 'kafkajs/src/protocol/recordBatch/v0/decoder';
import { RecordBatch as KafkajsRecordBatch } from 'kafkajs/src/protocol/recordBatch/v0';
import KafkajsRecord from 'kafkajs/src/protocol/recordBatch/record/v0';
import { readRecordBatches, readRecords } from './record-batch';

interface GivenRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | Buffer[]>>;
}

interface GivenBatch {
  readonly firstOffset: number;
  readonly gzip: boolean;
  readonly records: readonly GivenRecord[];
}

const bytes = (max: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength: max }).map((array) => Buffer.from(array));
/** kafkajs takes `valueOf` and its like for headers that were there before. */
const name = fc.string({ unit: 'grapheme', maxLength: 10 }).filter((text) => !(text in {}));
const record: fc.Arbitrary<GivenRecord> = fc.record({
  key: fc.option(bytes(80)),
  value: fc.option(fc.oneof(bytes(300), bytes(20_000))),
  headers: fc.dictionary(name, fc.oneof(bytes(100), fc.array(bytes(20), { minLength: 2, maxLength: 3 })), {
    noNullPrototype: true,
  }),
});
const batch: fc.Arbitrary<GivenBatch> = fc.record({
  firstOffset: fc.maxSafeNat(),
  gzip: fc.boolean(),
  records: fc.array(record, { minLength: 1, maxLength: 100 }),
});

/** As kafkajs writes it. */
async function encode({ firstOffset, gzip, records }: GivenBatch): Promise<Buffer> {
  const now = Date.UTC(2026, 10, 21, 12);
  const encoder = await KafkajsRecordBatch({
    compression: gzip ? 1 : 0,
    firstOffset,
    firstTimestamp: now,
    maxTimestamp: now,
    lastOffsetDelta: records.length - 1,
    records: records.map((each, offsetDelta) => KafkajsRecord({ offsetDelta, timestampDelta: 3, ...each })),
  });
  return encoder.buffer;
}

async function asKafkajsReads(buffer: Buffer): Promise<unknown[]> {
  const { records } = await decodeRecordBatch(new Decoder(buffer));
  return records.map(({ offset, key, value, headers }) => ({ offset: Number(offset), key, value, headers }));
}

async function read(buffer: Buffer): Promise<unknown[]> {
  const records = (await readRecordBatches(buffer)).batches.flatMap(readRecords);
  return records.map(({ offset, key, value, headers }) => ({ offset, key, value, headers }));
}

/** Compares as text: jest takes seconds to print where two buffers differ. */
function text(value: unknown): string {
  return JSON.stringify(value);
}

describe('readRecordBatches', () => {
  it('reads what kafkajs reads, whatever the records', async () => {
    await fc.assert(
      fc.asyncProperty(batch, async (given) => {
        const buffer = await encode(given);
        expect(text(await read(buffer))).toBe(text(await asKafkajsReads(buffer)));
      }),
      { numRuns: 100 },
    );
  });

  it('leaves a batch that is cut off at the end to a later fetch', async () => {
    const record = { key: Buffer.from('k'), value: Buffer.from('v'), headers: {} };
    const first = await encode({ firstOffset: 5, gzip: false, records: [record, record] });
    const second = await encode({ firstOffset: 7, gzip: false, records: [record] });
    const both = Buffer.concat([first, second]);
    expect(await readRecordBatches(both)).toMatchObject({ batches: [{ offset: '6' }, { offset: '7' }] });
    for (let length = 0; length < both.length; length += 1) {
      const { batches, failure } = await readRecordBatches(both.subarray(0, length));
      expect(failure).toBeUndefined();
      expect(batches.map(({ offset }) => offset)).toEqual(length < first.length ? [] : ['6']);
    }
  });

  it('keeps a header of any name', async () => {
    const headers = JSON.parse('{"__proto__":"x"}') as Record<string, string>;
    const given = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, Buffer.from(value)]));
    const buffer = await encode({ firstOffset: 0, gzip: false, records: [{ key: null, value: null, headers: given }] });
    const [record] = (await readRecordBatches(buffer)).batches.flatMap(readRecords);
    expect(Object.entries(record?.headers ?? {})).toEqual([['__proto__', Buffer.from('x')]]);
  });

  it('reads a header that comes a hundred thousand times in one pass', async () => {
    const values = Array.from({ length: 100_000 }, () => Buffer.alloc(0));
    const given = { key: null, value: null, headers: { x: values } };
    const buffer = await encode({ firstOffset: 0, gzip: false, records: [given] });
    const startedAt = performance.now();
    const [record] = (await readRecordBatches(buffer)).batches.flatMap(readRecords);
    // One copy for each that came before takes 15 s.
    expect(performance.now() - startedAt).toBeLessThan(3000);
    expect(record?.headers['x']).toHaveLength(100_000);
  });

  it('reads what stands before a batch that it cannot read, and says which one and why', async () => {
    const record = { key: null, value: Buffer.from('v'), headers: {} };
    const good = await encode({ firstOffset: 5, gzip: false, records: [record, record] });
    const bad = await encode({ firstOffset: 7, gzip: false, records: [record] });
    bad.writeInt16BE(4, 21); // zstd
    const { batches, failure } = await readRecordBatches(Buffer.concat([good, bad]));
    expect(batches.flatMap(readRecords).map(({ offset }) => offset)).toEqual([5, 6]);
    expect(failure).toMatchObject({ offset: 7, error: { message: expect.stringContaining('zstd') as string } });
    bad.writeInt8(1, 16);
    expect(await readRecordBatches(bad.subarray(0, 30))).toMatchObject({ batches: [], failure: { offset: 7 } });
  });

  it('leaves out what was aborted, of two producers at once, and the markers', async () => {
    const record = { key: null, value: Buffer.from('v'), headers: {} };
    const batch = async (firstOffset: number, producerId: number, control = false): Promise<Buffer> => {
      const buffer = await encode({ firstOffset, gzip: false, records: [record] });
      buffer.writeInt16BE(control ? 0x30 : 0x10, 21);
      buffer.writeBigInt64BE(BigInt(producerId), 43);
      return buffer;
    };
    const log = [batch(3, 2), batch(4, 1), batch(5, 9), batch(6, 1, true), batch(7, 2), batch(8, 2, true), batch(9, 2)];
    const aborted = [
      { producerId: '2', firstOffset: '2' },
      { producerId: '1', firstOffset: '0' },
    ];
    const { batches } = await readRecordBatches(Buffer.concat(await Promise.all(log)), aborted);
    expect(batches.map(({ offset }) => offset)).toEqual(['3', '4', '5', '6', '7', '8', '9']);
    expect(batches.flatMap(readRecords).map(({ offset }) => offset)).toEqual([5, 9]);
  });
});
