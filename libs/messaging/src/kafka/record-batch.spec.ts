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
  const records = (await readRecordBatches(buffer)).flatMap(readRecords);
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
    expect(await readRecordBatches(both)).toMatchObject([{ offset: '6' }, { offset: '7' }]);
    for (let length = 0; length < both.length; length += 1) {
      const batches = await readRecordBatches(both.subarray(0, length));
      expect(batches.map(({ offset }) => offset)).toEqual(length < first.length ? [] : ['6']);
    }
  });

  it('keeps a header of any name', async () => {
    const headers = JSON.parse('{"__proto__":"x"}') as Record<string, string>;
    const given = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, Buffer.from(value)]));
    const buffer = await encode({ firstOffset: 0, gzip: false, records: [{ key: null, value: null, headers: given }] });
    const [record] = (await readRecordBatches(buffer)).flatMap(readRecords);
    expect(Object.entries(record?.headers ?? {})).toEqual([['__proto__', Buffer.from('x')]]);
  });

  it('says which codec it cannot read', async () => {
    const buffer = await encode({ firstOffset: 0, gzip: false, records: [{ key: null, value: null, headers: {} }] });
    buffer.writeInt16BE(4, 21);
    await expect(readRecordBatches(buffer)).rejects.toThrow('compressed with zstd');
  });
});
