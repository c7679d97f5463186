import { CompressionCodecs, CompressionTypes, Kafka, logLevel } from 'kafkajs';

/** Snappy's own format with everything as literals: what any snappy reader takes, without a native package. */
function snappyLiterals(data: Buffer): Buffer {
  const length = [];
  for (let rest = data.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  const size = Buffer.alloc(2);
  size.writeUInt16LE(data.length - 1);
  return Buffer.concat([Buffer.from([...length, 61 << 2]), size, data]);
}

/** One batch in partition 0, packed with a codec that kafkajs does not have: what another program may write. */
export async function produceSnappy(
  brokers: readonly string[],
  topic: string,
  values: readonly string[],
): Promise<void> {
  CompressionCodecs[CompressionTypes.Snappy] = () => ({
    compress: ({ buffer }: { buffer: Buffer }) => Promise.resolve(snappyLiterals(buffer)),
    decompress: () => Promise.reject(new Error('kafkajs has no snappy')),
  });
  const createPartitioner = () => (): number => 0;
  const producer = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).producer({ createPartitioner });
  await producer.connect();
  const messages = values.map((value) => ({ value }));
  await producer.send({ topic, messages, compression: CompressionTypes.Snappy });
  await producer.disconnect();
}
