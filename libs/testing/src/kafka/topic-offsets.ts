import { withAdmin } from './with-admin';

interface Place {
  readonly brokers: string;
  readonly topic: string;
}

/** Per partition the offset that its next record will get. */
export async function topicEnds({ brokers, topic }: Place): Promise<Map<number, number>> {
  const offsets = await withAdmin([brokers], (admin) => admin.fetchTopicOffsets(topic));
  return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
}

/** Per partition what a group has committed; 0 where it has not. */
export async function committedOffsets({ brokers, topic }: Place, groupId: string): Promise<Map<number, number>> {
  const [found] = await withAdmin([brokers], (admin) => admin.fetchOffsets({ groupId, topics: [topic] }));
  return new Map((found?.partitions ?? []).map(({ partition, offset }) => [partition, Math.max(0, Number(offset))]));
}
