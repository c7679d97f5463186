import { freshEmbeddedTopic, type EmbeddedTopic } from '../../test/embedded-topic';
import { appendRecords } from './append-records';
import { PartitionReader } from './partition-reader';
import { readRecords } from './read-records';
import { encodeHeaders } from './record-headers.codec';

const PARTITIONS = [0, 1, 2];
const WRITERS = 4;
const CALLS = 40;
const RECORDS_PER_CALL = 9;

/** Three records on each partition, named after who wrote them; in an order that differs from call to call. */
function callOf(writer: number, call: number): Parameters<typeof appendRecords>[2] {
  return Array.from({ length: RECORDS_PER_CALL }, (_, n) => ({
    partition: (n + call + writer) % PARTITIONS.length,
    key: Buffer.from(String(writer)),
    value: Buffer.from(String(call * RECORDS_PER_CALL + n)),
    headers: Buffer.alloc(0),
  }));
}

describe('appendRecords', () => {
  let log: EmbeddedTopic;
  beforeEach(async () => {
    log = await freshEmbeddedTopic(PARTITIONS.length);
  });
  afterEach(async () => {
    await log.drop();
  });

  it('lets a reader see offsets in order and without gaps while several processes publish', async () => {
    const { topic } = log;
    const total = WRITERS * CALLS * RECORDS_PER_CALL;
    const writers = Array.from({ length: WRITERS }, async (_, writer) => {
      const database = log.anotherDatabase();
      for (let call = 0; call < CALLS; call += 1) await appendRecords(database, topic, callOf(writer, call));
    });
    const reader = new PartitionReader(log.database, { group: 'g', topic, maxRecords: 50, maxBytes: 1_000_000 });
    const seen = new Map<number, { offset: number; writer: string; n: number }[]>(PARTITIONS.map((p) => [p, []]));
    const count = (): number => [...seen.values()].reduce((sum, { length }) => sum + length, 0);
    const written = Promise.all(writers);
    for (let polls = 0; count() < total && polls < 10_000; polls += 1) {
      const nexts = new Map<number, number>();
      for (const { partition, records } of await reader.poll(PARTITIONS, [])) {
        for (const { offset, key, value } of records) {
          seen.get(partition)!.push({ offset, writer: String(key), n: Number(value) });
          nexts.set(partition, offset + 1);
        }
      }
      await reader.commit(nexts);
    }
    await written;
    for (const records of seen.values()) {
      expect(records.map(({ offset }) => offset)).toEqual(records.map((_, index) => index));
      for (let writer = 0; writer < WRITERS; writer += 1) {
        const own = records.filter((record) => record.writer === String(writer)).map(({ n }) => n);
        expect(own).toEqual([...own].sort((a, b) => a - b));
      }
    }
    expect(count()).toBe(total);
  });

  it('keeps every byte: nulls, empty values, and headers that records share', async () => {
    const headers = encodeHeaders({ a: [Buffer.from([0]), Buffer.from([255])] });
    const other = encodeHeaders({ b: Buffer.alloc(0) });
    const empty = Buffer.alloc(0);
    await appendRecords(log.database, log.topic, [
      { partition: 1, key: null, value: null, headers },
      { partition: 1, key: empty, value: empty, headers },
      { partition: 1, key: Buffer.from([0, 92, 255]), value: Buffer.from([92, 120, 0]), headers: other },
    ]);
    const wanted = [{ partition: 1, from: 0, records: 10 }];
    const runs = await readRecords(log.database, log.topic, wanted, 1_000_000);
    expect(runs.get(1)).toMatchObject([
      { offset: 0, key: null, value: null, headers: { a: [Buffer.from([0]), Buffer.from([255])] } },
      { offset: 1, key: empty, value: empty, headers: { a: [Buffer.from([0]), Buffer.from([255])] } },
      { offset: 2, key: Buffer.from([0, 92, 255]), value: Buffer.from([92, 120, 0]), headers: { b: empty } },
    ]);
  });

  it('rejects when the topic lacks a partition', async () => {
    const record = { partition: 3, key: null, value: null, headers: Buffer.alloc(0) };
    await expect(appendRecords(log.database, log.topic, [record])).rejects.toThrow('lacks');
  });
});

describe('readRecords', () => {
  let log: EmbeddedTopic;
  beforeEach(async () => {
    log = await freshEmbeddedTopic(2);
  });
  afterEach(async () => {
    await log.drop();
  });

  it('stays near its bound of bytes, and reads a record that alone is beyond it', async () => {
    await log.append(0, 100, 1000);
    await log.append(1, 3, 50_000);
    const wanted = [0, 1].map((partition) => ({ partition, from: 0, records: 100 }));
    const runs = await readRecords(log.database, log.topic, wanted, 20_000);
    expect(runs.get(0)).toHaveLength(10);
    expect(runs.get(1)).toHaveLength(1);
  });
});
