import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { murmur2, partitionOfHash } from './murmur2';

describe('murmur2', () => {
  // From the tests of Kafka's Java client (UtilsTest).
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %s as the Java client does', (text, expected) => {
    expect(murmur2(Buffer.from(text))).toBe(expected);
  });

  it('puts every key on the partition that the partitioner of kafkajs chooses', () => {
    const choose = Partitioners.DefaultPartitioner();
    const count = fc.integer({ min: 1, max: 100 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), count, (bytes, partitions) => {
        const key = Buffer.from(bytes);
        const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
          partitionErrorCode: 0,
          partitionId,
          leader: 1,
          replicas: [1],
          isr: [1],
        }));
        const theirs = choose({ topic: 't', partitionMetadata, message: { key, value: null } });
        expect(partitionOfHash(murmur2(key), partitions)).toBe(theirs);
      }),
      { numRuns: 1000 },
    );
  });
});
