import { ConfigResourceTypes, type Admin } from 'kafkajs';
import type { Logger } from 'pino';
import type { KafkaConfig } from '@app/config';
import { LogProbe, type Backlog, type PartitionBacklog } from '../log-probe.port';
import { TopicMissingError } from '../topic-missing.error';
import { KafkaClient } from './kafka-client';
import { withinTime } from './within-time';

const REQUEST_TIMEOUT_MS = 3000;
/** None: whoever asks comes again by himself. */
const RETRIES = 0;
const ANSWER_LIMIT_MS = 5000;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Kafka tells which offset a time has, not which time an offset: so the age is found by trying, and known in steps. */
const AGE_STEPS_MS = [MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, 24 * HOUR_MS] as const;

interface Connection {
  readonly client: KafkaClient;
  readonly admin: Admin;
}

/** Asks Kafka, on one connection that is made when it is needed and thrown away when it fails. */
export class KafkaLogProbe extends LogProbe {
  readonly logKind = 'kafka';
  private connecting: Promise<Connection> | undefined;
  private retention: Promise<number | undefined> | undefined;
  private closed = false;

  constructor(
    private readonly config: KafkaConfig,
    private readonly logger: Logger,
  ) {
    super();
  }

  /** @throws {TopicMissingError} */
  override async ping(): Promise<void> {
    const { topic } = this.config;
    const found = await this.ask((admin) => admin.fetchTopicMetadata({ topics: [topic] }));
    if ((found.topics[0]?.partitions ?? []).length === 0) throw new TopicMissingError(topic);
  }

  override backlog(): Promise<Backlog> {
    return this.ask(async (admin) => {
      const partitions = await this.partitions(admin);
      const retentionMs = await this.retentionMs(admin);
      return { partitions, retentionMs, oldestUnreadMs: await this.oldestUnreadMs(admin, partitions, retentionMs) };
    });
  }

  override async close(): Promise<void> {
    this.closed = true;
    const connection = await this.connecting?.catch(() => undefined);
    connection?.client.destroy();
  }

  /** A connection that was idle may be one that the broker has closed: only a fresh one proves an outage. */
  private async ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    const wasOpen = this.connecting !== undefined;
    try {
      return await this.askOnce(question);
    } catch (error) {
      if (!wasOpen || this.closed) throw error;
      return this.askOnce(question);
    }
  }

  private async askOnce<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    if (this.closed) throw new Error('The probe of the log is closed.');
    const connecting = (this.connecting ??= this.connect());
    try {
      const { admin } = await connecting;
      return await withinTime(question(admin), ANSWER_LIMIT_MS);
    } catch (error) {
      if (this.connecting === connecting) this.connecting = undefined;
      void connecting.then(({ client }) => {
        client.destroy();
      }, noop);
      throw error;
    }
  }

  private async connect(): Promise<Connection> {
    const client = new KafkaClient(
      this.config,
      { requestTimeoutMs: REQUEST_TIMEOUT_MS, retries: RETRIES },
      this.logger,
    );
    const admin = client.kafka.admin();
    try {
      await withinTime(admin.connect(), ANSWER_LIMIT_MS);
      return { client, admin };
    } catch (error) {
      client.destroy();
      throw error;
    }
  }

  private async partitions(admin: Admin): Promise<Map<number, PartitionBacklog>> {
    const { topic, group } = this.config;
    // One after the other: only the first learns of the brokers, and kafkajs cannot look for a group without them.
    const ends = await admin.fetchTopicOffsets(topic);
    const committed = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    const nexts = new Map(committed[0]?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    return new Map(
      // A group without a commit, and one whose next record is deleted, goes on with the oldest (−1 and lower than low).
      ends.map(({ partition, low, high }) => [
        partition,
        { logEnd: Number(high), next: Math.max(Number(low), nexts.get(partition) ?? 0) },
      ]),
    );
  }

  private async oldestUnreadMs(
    admin: Admin,
    partitions: ReadonlyMap<number, PartitionBacklog>,
    retentionMs: number | undefined,
  ): Promise<number> {
    const unread = [...partitions].filter(([, { logEnd, next }]) => logEnd > next);
    if (unread.length === 0) return 0;
    const steps = retentionMs === undefined ? [...AGE_STEPS_MS] : [...AGE_STEPS_MS, retentionMs / 3];
    let oldest = 0;
    for (const age of steps.sort((a, b) => a - b)) {
      const since = await admin.fetchTopicOffsetsByTimestamp(this.config.topic, Math.round(Date.now() - age));
      const firstYounger = new Map(since.map(({ partition, offset }) => [partition, Number(offset)]));
      if (!unread.some(([partition, { next }]) => next < (firstYounger.get(partition) ?? 0))) break;
      oldest = age;
    }
    return oldest;
  }

  /** Asked once: −1 (for ever) and a topic whose settings this client may not read are undefined. */
  private retentionMs(admin: Admin): Promise<number | undefined> {
    const name = 'retention.ms';
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: this.config.topic, configNames: [name] }];
    this.retention ??= admin.describeConfigs({ resources, includeSynonyms: false }).then(
      ({ resources: [found] }) => {
        const value = Number(found?.configEntries.find((entry) => entry.configName === name)?.configValue);
        return value > 0 ? value : undefined;
      },
      () => (this.retention = undefined),
    );
    return this.retention;
  }
}

function noop(): void {
  // Nobody waits for it.
}
