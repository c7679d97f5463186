import type { ICustomPartitioner, Message, Producer } from 'kafkajs';
import type { Logger } from 'pino';
import type { KafkaConfig } from '@app/config';
import { TopicMissingError } from '../topic-missing.error';
import { withinTime } from './within-time';
import { KafkaClient } from './kafka-client';
import { isUnknownTopic } from './kafka-error';
import { murmur2, partitionOfHash } from '../murmur2';

/** Three tries of three seconds: what a frozen broker costs until the caller knows. */
const REQUEST_TIMEOUT_MS = 3000;
const RETRIES = 2;
/** The broker gives up waiting for its replicas before the client gives up waiting for the broker. */
const REPLICATION_TIMEOUT_MS = 2500;
/** kafkajs' retries nest; a send that is not back by then is abandoned with its connections. */
const SEND_LIMIT_MS = 10_000;
const DISCONNECT_LIMIT_MS = 3000;
const ALL_IN_SYNC_REPLICAS = -1;

/** One producer connection. After a failure it is destroyed and another one made: nothing of it can arrive late. */
export class ProducerSession {
  private readonly client: KafkaClient;
  private readonly producer: Producer;
  private connecting: Promise<void> | undefined;
  private knownPartitions: number | undefined;

  constructor(
    private readonly config: KafkaConfig,
    logger: Logger,
  ) {
    this.client = new KafkaClient(config, { requestTimeoutMs: REQUEST_TIMEOUT_MS, retries: RETRIES }, logger);
    this.producer = this.client.kafka.producer({
      // Not true: kafkajs uses a sequence number again after a failed reply, and the broker then drops the next batch
      // as a duplicate and acknowledges it. Duplicates are the ledger's business.
      idempotent: false,
      allowAutoTopicCreation: false,
      createPartitioner: this.createPartitioner,
    });
  }

  /** Partitions of the topic, once a request has been made. */
  get partitions(): number | undefined {
    return this.knownPartitions;
  }

  /**
   * Resolves when a broker has answered and has told where the topic is.
   * @throws {TopicMissingError}
   */
  connect(): Promise<void> {
    this.connecting ??= this.bounded(async () => {
      await this.producer.connect();
      // A send of nothing asks for the topic's metadata.
      await this.producer.send({ topic: this.config.topic, messages: [] });
    });
    return this.connecting;
  }

  /** Resolves once every in-sync replica has them. */
  async send(messages: Message[]): Promise<void> {
    await this.connect();
    await this.bounded(() =>
      this.producer.send({
        topic: this.config.topic,
        messages,
        acks: ALL_IN_SYNC_REPLICAS,
        timeout: REPLICATION_TIMEOUT_MS,
      }),
    );
  }

  async close(): Promise<void> {
    await withinTime(this.producer.disconnect(), DISCONNECT_LIMIT_MS).catch(() => undefined);
    this.destroy();
  }

  destroy(): void {
    this.client.destroy();
  }

  private async bounded(act: () => Promise<unknown>): Promise<void> {
    try {
      await withinTime(act(), SEND_LIMIT_MS);
    } catch (error) {
      throw isUnknownTopic(error) ? new TopicMissingError(this.config.topic, { cause: error }) : error;
    }
  }

  private readonly createPartitioner: ICustomPartitioner = () => {
    return ({ partitionMetadata, message }) => {
      const { length } = partitionMetadata;
      this.knownPartitions = length;
      return partitionOfHash(murmur2(message.key as Buffer), length); // every message of ours has a key of bytes
    };
  };
}
