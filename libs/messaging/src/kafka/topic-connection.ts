import type { Cluster } from 'kafkajs';
import type { Logger } from 'pino';
import type { KafkaConfig } from '@app/config';
import type { LogBounds, LogPosition, PartitionBounds } from '../event-tail.port';
import { TopicMissingError } from '../topic-missing.error';
import type { FetchResponse, PartitionResponse } from './fetch-decoding';
import { KafkaClient } from './kafka-client';
import { isUnknownTopic } from './kafka-error';
import { withinTime } from './within-time';

const REQUEST_TIMEOUT_MS = 10_000;
/** Few: a fresh connection is the better retry. */
const RETRIES = 1;
const ANSWER_LIMIT_MS = 10_000;

/** A broker answers as soon as it has something, and with nothing after this long. */
const MAX_FETCH_WAIT_MS = 500;
/** Of one fetch. What it holds is read by one turn of the event loop, which others wait for. */
const MAX_FETCH_BYTES = 1024 * 1024;
/** A partition gets its share of that, so that old positions move on alike in all of them, but at least this. */
const FEWEST_BYTES_PER_PARTITION = 64 * 1024;
const READ_COMMITTED = 1;

/** Connections of one reader to the leaders of a topic. Thrown away and made anew when anything about it fails. */
export class TopicConnection {
  private constructor(
    private readonly client: KafkaClient,
    private readonly cluster: Cluster,
    private readonly topic: string,
  ) {}

  /** @throws {TopicMissingError} */
  static async open(config: KafkaConfig, logger: Logger): Promise<TopicConnection> {
    const { topic } = config;
    const client = new KafkaClient(config, { requestTimeoutMs: REQUEST_TIMEOUT_MS, retries: RETRIES }, logger);
    try {
      const cluster = client.cluster();
      const ready = cluster.connect().then(() => cluster.addTargetTopic(topic));
      await withinTime(ready, ANSWER_LIMIT_MS);
      return new TopicConnection(client, cluster, topic);
    } catch (error) {
      client.destroy();
      throw isUnknownTopic(error) ? new TopicMissingError(topic, { cause: error }) : error;
    }
  }

  /** Numbers of the partitions, which are 0 to one less than their count. */
  get partitions(): number[] {
    return this.cluster.findTopicPartitionMetadata(this.topic).map((_, partition) => partition);
  }

  /** Looks for new partitions and moved leaders when it has not for a minute. */
  async refresh(): Promise<void> {
    await this.cluster.refreshMetadataIfNecessary();
  }

  /** The broker that has each partition. */
  leaders(partitions: number[]): Map<string, number[]> {
    return new Map(Object.entries(this.cluster.findLeaderForPartitions(this.topic, partitions)));
  }

  async bounds(): Promise<LogBounds> {
    const oldest = await this.offsets(true);
    const end = await this.offsets(false);
    // kafkajs tells the cluster's id; its types do not.
    const { clusterId } = (await withinTime(this.cluster.metadata(), ANSWER_LIMIT_MS)) as unknown as {
      readonly clusterId: string;
    };
    const partitions = this.partitions.map((partition): PartitionBounds => ({
      oldest: oldest.get(partition) ?? 0,
      end: end.get(partition) ?? 0,
    }));
    return { logName: `kafka:${clusterId}/${this.topic}`, partitions };
  }

  /** What the broker has of these partitions from the position on; of the first ones when it is much. */
  async fetch(nodeId: string, partitions: readonly number[], from: LogPosition): Promise<readonly PartitionResponse[]> {
    const broker = await this.cluster.findBroker({ nodeId });
    const maxBytes = Math.max(FEWEST_BYTES_PER_PARTITION, Math.ceil(MAX_FETCH_BYTES / partitions.length));
    const wanted = partitions.map((partition) => ({
      partition,
      fetchOffset: String(from[partition] ?? 0),
      maxBytes,
    }));
    const answer = (await broker.fetch({
      isolationLevel: READ_COMMITTED,
      maxWaitTime: MAX_FETCH_WAIT_MS,
      minBytes: 1,
      maxBytes: MAX_FETCH_BYTES,
      topics: [{ topic: this.topic, partitions: wanted }],
      rackId: '',
    })) as unknown as FetchResponse;
    return answer.responses.flatMap((response) => response.partitions);
  }

  close(): void {
    this.client.destroy();
  }

  private async offsets(fromBeginning: boolean): Promise<Map<number, number>> {
    const partitions = this.partitions.map((partition) => ({ partition }));
    const asked = this.cluster.fetchTopicsOffset([{ topic: this.topic, partitions, fromBeginning }]);
    const [answer] = await withinTime(asked, ANSWER_LIMIT_MS);
    return new Map(answer?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
  }
}
