import * as fc from 'fast-check';
import { requests } from 'kafkajs/src/protocol/requests';
import { encodeProduceBody, type ProduceBody } from './produce-body';

const NOW = Date.UTC(2026, 10, 21, 12);

const bytes = (max: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength: max }).map((array) => Buffer.from(array));
const record = fc.record({
  key: bytes(80),
  value: fc.oneof(bytes(300), bytes(20_000)),
  headers: fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 10 }), bytes(200), { noNullPrototype: true }),
});
const partition = fc.record({ partition: fc.nat(1000), messages: fc.array(record, { minLength: 1, maxLength: 150 }) });
const body: fc.Arbitrary<ProduceBody> = fc.record({
  acks: fc.constant(-1),
  timeout: fc.nat(60_000),
  topicData: fc.array(
    fc.record({ topic: fc.string({ minLength: 1 }), partitions: fc.array(partition, { minLength: 1, maxLength: 4 }) }),
    { minLength: 1, maxLength: 2 },
  ),
});

/** Compares as text: jest takes seconds to print where two buffers differ. */
async function expectAsKafkajsWrites(given: ProduceBody): Promise<void> {
  const { request } = requests.Produce.protocol({ version: 7 })(given);
  const expected = (await request.encode()).buffer;
  expect(encodeProduceBody(given, NOW).equals(expected)).toBe(true);
}

describe('encodeProduceBody', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: NOW });
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('writes what kafkajs writes, whatever the records', async () => {
    await fc.assert(fc.asyncProperty(body, expectAsKafkajsWrites), { numRuns: 100 });
  });

  it('writes what kafkajs writes where a varint gets another byte', async () => {
    for (const size of [0, 63, 64, 8191, 8192, 1_048_575, 1_048_576]) {
      const message = { key: Buffer.alloc(1), value: Buffer.alloc(size, 7), headers: { a: Buffer.from('b') } };
      const messages = size < 100 ? Array(9000).fill(message) : [message];
      await expectAsKafkajsWrites({
        acks: -1,
        timeout: 1,
        topicData: [{ topic: 't', partitions: [{ partition: 0, messages }] }],
      });
    }
  });
});
