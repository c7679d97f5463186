import { randomUUID } from 'node:crypto';
import type { Admin } from 'kafkajs';
import { eventually } from '../process/eventually';
import { withAdmin } from './with-admin';

export interface FreshTopic {
  readonly brokers: readonly string[];
  readonly topic: string;
  /** Of nobody else; not made yet. */
  readonly group: string;
  /** Deletes topic and group. The group's members must have left. */
  delete(): Promise<void>;
}

/** A topic and a group's name for one test. Pass settings to have others than the broker's defaults. */
export async function freshTopic(
  brokers: readonly string[],
  partitions = 12,
  settings: Readonly<Record<string, string>> = {},
): Promise<FreshTopic> {
  const names = freshTopicNames(brokers);
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  const { topic } = names;
  await withAdmin(brokers, async (admin) => {
    await admin.createTopics({
      waitForLeaders: false,
      topics: [{ topic, numPartitions: partitions, replicationFactor: 1, configEntries }],
    });
    // A new partition can be written to a moment after its leader is known; only then does it tell its offsets.
    await eventually(() => admin.fetchTopicOffsets(topic));
  });
  return names;
}

/** The same without making the topic, for what makes it itself. */
export function freshTopicNames(brokers: readonly string[]): FreshTopic {
  const topic = `test.${randomUUID()}`;
  const group = `${topic}.group`;
  return { brokers, topic, group, delete: () => withAdmin(brokers, (admin) => remove(admin, topic, group)) };
}

async function remove(admin: Admin, topic: string, group: string): Promise<void> {
  const topics = await admin.listTopics();
  if (topics.includes(topic)) await admin.deleteTopics({ topics: [topic] });
  const { groups } = await admin.listGroups();
  if (groups.some(({ groupId }) => groupId === group)) await admin.deleteGroups([group]);
}
