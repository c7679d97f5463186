import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { KafkaConfig } from '@app/config';
import { EventConsumer, type BatchHandler, type ConsumerStatus } from '../event-consumer.port';
import { TopicMissingError } from '../topic-missing.error';
import { Backoff } from '../backoff';
import { ConsumerSession, type SessionOptions } from './consumer-session';
import { isCoordinatorStarting, isPassing } from './kafka-error';
import { PartitionProgress } from './partition-progress';

export interface KafkaConsumerOptions {
  /** Records of one handler call at most. */
  readonly batchMaxEvents: number;
  /** Called at most once, when kafkajs broke in a way that no new session can cure: the process should end. */
  readonly onFatal: (error: unknown) => void;
  /** Milliseconds until a held partition is tried again. */
  readonly heldRetryMs?: number;
  /** Milliseconds of the first and the longest wait after a handler failed. */
  readonly retryMs?: { readonly first: number; readonly last: number };
}

const FIRST_RETRY_MS = 500;
// What a wait costs is one try; what it saves the group is the rest of it after the database is back.
const LAST_RETRY_MS = 5000;
const HELD_RETRY_MS = 30_000;
const FIRST_REJOIN_MS = 500;
const LAST_REJOIN_MS = 3000;

/**
 * One member of a Kafka consumer group.
 *
 * States: joining (also while the brokers are away) → joined → broken → joining …, until `stop` or a fatal error.
 */
export class KafkaEventConsumer extends EventConsumer {
  readonly group: string;
  readonly topic: string;
  private readonly progress = new PartitionProgress();
  private readonly backoff = new Backoff(FIRST_REJOIN_MS, LAST_REJOIN_MS);
  private readonly stopping = new AbortController();
  private readonly stopped = new Promise<undefined>((resolve) => {
    this.stopping.signal.addEventListener('abort', () => {
      resolve(undefined);
    });
  });
  private session: ConsumerSession | undefined;
  private running: Promise<void> | undefined;
  private joined = false;
  private memberId: string | undefined;
  private clusterId: string | undefined;
  private lastCommitAt: Date | undefined;

  constructor(
    private readonly config: KafkaConfig,
    private readonly options: KafkaConsumerOptions,
    private readonly logger: Logger,
  ) {
    super();
    this.group = config.group;
    this.topic = config.topic;
  }

  /** @throws {TopicMissingError} when the cluster answers and has no such topic. */
  async run(handler: BatchHandler): Promise<void> {
    await new Promise<void>((joined, failed) => {
      this.running ??= this.keepRunning(handler, joined).then(joined, failed);
    });
  }

  get logName(): string {
    if (this.clusterId === undefined) throw new Error('The cluster has not been reached yet.');
    return `kafka:${this.clusterId}/${this.topic}`;
  }

  status(): ConsumerStatus {
    const { assigned } = this.progress;
    const isMine = (partition: number): boolean => assigned.includes(partition);
    const paused = this.session?.paused.list().filter(isMine) ?? [];
    const held = this.session?.paused.held().filter(isMine) ?? [];
    const { joined, lastCommitAt } = this;
    return { joined, assigned, paused, held, lastCommitAt };
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.session?.stop();
    await this.running;
    this.joined = false;
    this.progress.assign([]);
  }

  /** Session after session. Rejects before the first assignment, later tells `onFatal`. */
  private async keepRunning(handler: BatchHandler, onFirstJoin: () => void): Promise<void> {
    while (!this.isStopping()) {
      const session = new ConsumerSession(this.config, this.sessionOptions(), handler, this.logger);
      this.session = session;
      const error = await this.runSession(session, onFirstJoin);
      if (this.isStopping()) return;
      await session.stop();
      this.progress.assign([]);
      if (error instanceof TopicMissingError && !this.joined) throw error;
      if (!isPassing(error)) {
        if (!this.joined) throw error;
        this.options.onFatal(error);
        return;
      }
      await this.waitToRejoin(error);
    }
  }

  /** Resolves with what broke it. */
  private async runSession(session: ConsumerSession, onFirstJoin: () => void): Promise<unknown> {
    try {
      const facts = await Promise.race([session.start(), this.stopped]);
      if (facts === undefined) return undefined;
      const { topic, group } = this;
      this.logger.info({ topic, group, ...facts, assigned: this.progress.assigned }, 'Joined the consumer group.');
      this.joined = true;
      this.backoff.reset();
      onFirstJoin();
      return await Promise.race([session.broken, this.stopped]);
    } catch (error) {
      return error;
    }
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private async waitToRejoin(error: unknown): Promise<void> {
    const { topic, group } = this;
    const line = { error, topic, group };
    // Once per outage: the tries that follow say the same.
    if (this.backoff.fresh && !isCoordinatorStarting(error))
      this.logger.warn(line, 'Kafka does not answer: this consumer keeps trying to join.');
    else this.logger.debug(line, 'Could not join the consumer group.');
    await delay(this.backoff.next(), undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }

  private sessionOptions(): SessionOptions {
    const { batchMaxEvents, heldRetryMs, retryMs } = this.options;
    return {
      batchMaxEvents,
      progress: this.progress,
      pauses: {
        firstRetryMs: retryMs?.first ?? FIRST_RETRY_MS,
        lastRetryMs: retryMs?.last ?? LAST_RETRY_MS,
        heldRetryMs: heldRetryMs ?? HELD_RETRY_MS,
      },
      onTopic: ({ clusterId }) => {
        this.clusterId = clusterId;
      },
      formerMemberId: this.memberId,
      onJoined: (assigned, memberId) => {
        this.memberId = memberId;
        this.progress.assign(assigned);
        this.logger.debug({ assigned }, 'Partitions assigned.');
      },
      onCommitted: () => {
        this.lastCommitAt = new Date();
      },
    };
  }
}
