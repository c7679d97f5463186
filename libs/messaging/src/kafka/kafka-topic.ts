import { setTimeout as delay } from 'node:timers/promises';
import { ConfigResourceTypes, type Admin } from 'kafkajs';
import type { Logger } from 'pino';
import type { KafkaConfig } from '@app/config';
import { LogUnavailableError } from '../log-unavailable.error';
import { TopicMissingError } from '../topic-missing.error';
import { KafkaClient } from './kafka-client';
import { isPassing, isUnknownTopic } from './kafka-error';

const REQUEST_TIMEOUT_MS = 10_000;
const RETRIES = 5;
const READY_LIMIT_MS = 30_000;
const READY_POLL_MS = 50;
const REPLICATION = 3;
const THIRTY_DAYS_MS = 30 * 24 * 60 * 60 * 1000;

/** What a topic really is, for the line at boot. */
export interface TopicFacts {
  /** Of the cluster, made by it when it was formatted. */
  readonly clusterId: string;
  readonly partitions: number;
  /** Replicas of the partition that has the fewest. */
  readonly replication: number;
  /** Undefined when this client may not read the topic's settings. */
  readonly minInsync: number | undefined;
}

/**
 * Makes the topic with the settings that the promises rest on; leaves one that exists as it is. Safe when several do
 * it at once.
 */
export async function ensureKafkaTopic(config: KafkaConfig, logger: Logger): Promise<void> {
  await withAdmin(config, logger, async (admin) => {
    const replicationFactor = await replicationOf(admin, config);
    const created = await admin.createTopics({
      waitForLeaders: false, // kafkajs gives up when the broker asked has not heard of the topic yet
      topics: [
        {
          topic: config.topic,
          numPartitions: config.partitions,
          replicationFactor,
          configEntries: topicSettings(replicationFactor),
        },
      ],
    });
    await waitUntilWritable(admin, config.topic);
    const facts = await readTopicFacts(admin, config.topic);
    logger.info({ topic: config.topic, ...facts }, created ? 'Topic made.' : 'Topic exists, left as it is.');
  });
}

/**
 * A topic keeps the number of replicas that it was made with, so a cluster that is still starting is waited for.
 *
 * @throws {LogUnavailableError} when it stays smaller than the configuration says.
 */
async function replicationOf(admin: Admin, { topic, brokers: listed }: KafkaConfig): Promise<number> {
  const deadline = Date.now() + READY_LIMIT_MS;
  const wanted = Math.min(REPLICATION, listed.length);
  for (;;) {
    const { brokers } = await admin.describeCluster();
    if (brokers.length >= wanted) return Math.min(REPLICATION, brokers.length);
    if ((await admin.listTopics()).includes(topic)) return brokers.length; // Not to be made: the number does not matter.
    if (Date.now() > deadline) {
      throw new LogUnavailableError(
        `KAFKA_BROKERS names ${listed.length} brokers, the cluster has ${brokers.length}: a topic made now would keep ` +
          `${brokers.length} replicas`,
      );
    }
    await delay(READY_POLL_MS);
  }
}

/**
 * A broker names the leader of a new partition a moment before that can be written to, and kafkajs repeats a request that
 * failed for one partition for all of them: the first events would be there twice. Only partitions that are ready tell
 * their offsets.
 */
async function waitUntilWritable(admin: Admin, topic: string): Promise<void> {
  const deadline = Date.now() + READY_LIMIT_MS;
  for (;;) {
    try {
      await admin.fetchTopicOffsets(topic);
      return;
    } catch (error) {
      if (!isPassing(error) || Date.now() > deadline) throw error;
    }
    await delay(READY_POLL_MS);
  }
}

/** @throws {TopicMissingError} */
export function describeKafkaTopic(config: KafkaConfig, logger: Logger): Promise<TopicFacts> {
  return withAdmin(config, logger, (admin) => readTopicFacts(admin, config.topic));
}

function topicSettings(replicationFactor: number): { name: string; value: string }[] {
  const settings = {
    // With three replicas one may be away and an acknowledged event is still on two disks.
    'min.insync.replicas': replicationFactor >= 3 ? '2' : '1',
    'unclean.leader.election.enable': 'false',
    'cleanup.policy': 'delete',
    // The default of 7 days would delete what a long outage left unread.
    'retention.ms': String(THIRTY_DAYS_MS),
    'max.message.bytes': String(2 * 1024 * 1024),
    // The broker unpacks what foreign producers compressed: kafkajs cannot read snappy, lz4 or zstd, and one such batch
    // would stop the group for ever.
    'compression.type': 'uncompressed',
  };
  return Object.entries(settings).map(([name, value]) => ({ name, value }));
}

/** @throws {TopicMissingError} */
export async function readTopicFacts(admin: Admin, topic: string): Promise<TopicFacts> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] }).catch((error: unknown) => {
    throw isUnknownTopic(error) ? new TopicMissingError(topic, { cause: error }) : error;
  });
  const partitions = topics[0]?.partitions ?? [];
  if (partitions.length === 0) throw new TopicMissingError(topic);
  const replication = Math.min(...partitions.map(({ replicas }) => replicas.length));
  const { clusterId } = await admin.describeCluster();
  return { clusterId, partitions: partitions.length, replication, minInsync: await minInsyncReplicas(admin, topic) };
}

async function minInsyncReplicas(admin: Admin, topic: string): Promise<number | undefined> {
  const name = 'min.insync.replicas';
  const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: [name] }];
  try {
    const described = await admin.describeConfigs({ resources, includeSynonyms: false });
    const value = described.resources[0]?.configEntries.find((entry) => entry.configName === name)?.configValue;
    return value === undefined ? undefined : Number(value);
  } catch {
    return undefined; // needs a right of its own where brokers have access lists; only the log line misses it
  }
}

async function withAdmin<T>(config: KafkaConfig, logger: Logger, act: (admin: Admin) => Promise<T>): Promise<T> {
  const client = new KafkaClient(config, { requestTimeoutMs: REQUEST_TIMEOUT_MS, retries: RETRIES }, logger);
  const admin = client.kafka.admin();
  try {
    await admin.connect();
    return await act(admin);
  } finally {
    await admin.disconnect().catch(() => undefined);
    client.destroy();
  }
}
