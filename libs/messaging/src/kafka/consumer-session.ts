import { PartitionAssigners, type Cluster, type Consumer } from 'kafkajs';
import type { Logger } from 'pino';
import type { KafkaConfig } from '@app/config';
import type { BatchHandler } from '../event-consumer.port';
import { BatchMerger } from './batch-merger';
import { leaveFor } from './former-member';
import { KafkaClient } from './kafka-client';
import { readTopicFacts, type TopicFacts } from './kafka-topic';
import type { PartitionProgress } from './partition-progress';
import { PausedPartitions, type PauseOptions } from '../paused-partitions';
import { withinTime } from './within-time';

const HEARTBEAT_MS = 3000;
const REBALANCE_TIMEOUT_MS = 60_000;
const REQUEST_TIMEOUT_MS = 10_000;
/** Few: the retries of kafkajs nest, and a fresh session is the better retry. */
const RETRIES = 3;

// A fetch waits until this much has come or this long has passed, so that a busy topic is read in large batches.
const MIN_FETCH_BYTES = 64 * 1024;
const MAX_FETCH_WAIT_MS = 50;
// Twice as much read a backlog no faster, and cost three consumers 40 MB more.
const MAX_BYTES_PER_PARTITION = 256 * 1024;
const MAX_FETCH_BYTES = 4 * 1024 * 1024;

/** Without a fetch for so long, and no batch running, kafkajs hangs; it may still send heartbeats. */
const STUCK_AFTER_MS = 2 * REBALANCE_TIMEOUT_MS;
const STUCK_CHECK_MS = 10_000;
const JOIN_LIMIT_MS = 5000;
const LEAVE_LIMIT_MS = 5000;

export interface SessionOptions {
  readonly batchMaxEvents: number;
  readonly progress: PartitionProgress;
  readonly pauses: PauseOptions;
  /** Before the first batch. */
  readonly onTopic: (facts: TopicFacts) => void;
  readonly onJoined: (assigned: readonly number[], memberId: string) => void;
  /** Of a session that broke: the group must not wait for it. */
  readonly formerMemberId: string | undefined;
  readonly onCommitted: () => void;
}

/**
 * One kafkajs consumer, from joining the group until it leaves or breaks. It never restarts itself: kafkajs' own restart
 * can come after a stop, and brings the old connections' state along. A session that broke is replaced.
 */
export class ConsumerSession {
  /** Resolves with the reason when kafkajs gives up, or hangs. Not when the session is stopped. */
  readonly broken: Promise<unknown>;
  private break!: (error: unknown) => void;
  readonly paused: PausedPartitions;
  private readonly client: KafkaClient;
  private readonly consumer: Consumer;
  private cluster: Cluster | undefined;
  private readonly merger: BatchMerger;
  private starting: Promise<TopicFacts> | undefined;
  private joining: Promise<void> | undefined;
  private watchdog: NodeJS.Timeout | undefined;
  private lastFetch = Date.now();
  private stopped = false;

  constructor(
    private readonly config: KafkaConfig,
    private readonly options: SessionOptions,
    handler: BatchHandler,
    logger: Logger,
  ) {
    this.broken = new Promise((resolve) => (this.break = resolve));
    this.paused = new PausedPartitions(options.pauses, logger);
    // A client per member: members of one group that share one also share its memory of committed offsets.
    this.client = new KafkaClient(config, { requestTimeoutMs: REQUEST_TIMEOUT_MS, retries: RETRIES }, logger);
    this.consumer = this.client.kafka.consumer({
      ...consumerSettings(config),
      partitionAssigners: [
        (given) => {
          this.cluster = given.cluster; // kafkajs shows it nowhere else
          return PartitionAssigners.roundRobin(given);
        },
      ],
    });
    const { batchMaxEvents, progress, onCommitted } = options;
    const mergerOptions = { batchMaxEvents, heartbeatIntervalMs: HEARTBEAT_MS, onCommitted };
    this.merger = new BatchMerger(handler, mergerOptions, this.paused, progress);
  }

  /** Resolves once the group has given this member its partitions. @throws {TopicMissingError} */
  start(): Promise<TopicFacts> {
    this.starting ??= this.join();
    return this.starting;
  }

  /** Lets the running batch be committed, then leaves the group. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.watchdog);
    this.paused.close();
    // kafkajs forgets a stop that comes while it joins: it would join afterwards.
    if (this.joining !== undefined) await withinTime(this.joining, JOIN_LIMIT_MS).catch(() => undefined);
    const left = this.consumer.disconnect();
    left.catch(() => undefined);
    await this.merger.close();
    await withinTime(left, LEAVE_LIMIT_MS).catch(() => undefined);
    this.client.destroy();
  }

  private async join(): Promise<TopicFacts> {
    const facts = await this.readTopic();
    this.options.onTopic(facts);
    this.throwIfStopped();
    const joined = this.watch();
    await this.consumer.connect();
    this.throwIfStopped();
    const { formerMemberId } = this.options;
    if (formerMemberId !== undefined && this.cluster !== undefined) {
      await leaveFor(formerMemberId, this.config.group, this.cluster);
      this.throwIfStopped();
    }
    // Not from the end: kafkajs would also jump there when its offset is gone from the log, over all that is unread.
    await this.consumer.subscribe({ topics: [this.config.topic], fromBeginning: true });
    this.throwIfStopped();
    void this.consumer.run({
      // Both off: they commit what an early return left undone.
      autoCommit: false,
      eachBatchAutoResolve: false,
      // All of a fetch at once, for the merger.
      partitionsConsumedConcurrently: facts.partitions,
      eachBatch: (payload) => this.merger.deliver(payload),
    });
    const failed = this.broken.then((error) => {
      throw error;
    });
    this.joining = Promise.race([joined, failed]);
    await this.joining;
    return facts;
  }

  private async readTopic(): Promise<TopicFacts> {
    const admin = this.client.kafka.admin();
    await admin.connect();
    const facts = await readTopicFacts(admin, this.config.topic);
    await admin.disconnect();
    return facts;
  }

  /** A stop finds and ends only what is there already: nothing may begin after it. */
  private throwIfStopped(): void {
    if (this.stopped) throw new Error('The session was stopped while it joined.');
  }

  /** Resolves at the first assignment. */
  private watch(): Promise<void> {
    const { events } = this.consumer;
    this.consumer.on(events.CRASH, ({ payload }) => {
      this.break(payload.error);
    });
    this.consumer.on(events.FETCH, () => {
      this.lastFetch = Date.now();
    });
    this.watchdog = setInterval(() => {
      if (this.merger.busy) this.lastFetch = Date.now();
      const idleMs = Date.now() - this.lastFetch;
      if (idleMs > STUCK_AFTER_MS) this.break(new StuckConsumerError(idleMs));
    }, STUCK_CHECK_MS);
    return new Promise((resolve) => {
      this.consumer.on(events.GROUP_JOIN, ({ payload }) => {
        this.options.onJoined(payload.memberAssignment[this.config.topic] ?? [], payload.memberId);
        resolve();
      });
    });
  }
}

/** Marked as kafkajs marks errors that a new connection may cure. */
class StuckConsumerError extends Error {
  readonly retriable = true;

  constructor(idleMs: number) {
    super(`kafkajs has not fetched for ${idleMs} ms.`);
  }
}

function consumerSettings(config: KafkaConfig): Parameters<KafkaClient['kafka']['consumer']>[0] & object {
  return {
    groupId: config.group,
    allowAutoTopicCreation: false,
    sessionTimeout: config.sessionTimeoutMs,
    heartbeatInterval: Math.min(HEARTBEAT_MS, Math.floor(config.sessionTimeoutMs / 3)),
    rebalanceTimeout: REBALANCE_TIMEOUT_MS,
    minBytes: MIN_FETCH_BYTES,
    maxWaitTimeInMs: MAX_FETCH_WAIT_MS,
    maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
    maxBytes: MAX_FETCH_BYTES,
    retry: { retries: RETRIES, restartOnFailure: () => Promise.resolve(false) },
  };
}
