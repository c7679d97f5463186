import type { Database } from '@app/persistence';
import type { Logger } from 'pino';
import { EventConsumer, type BatchHandler, type ConsumerStatus } from '../event-consumer.port';
import { PausedPartitions } from '../paused-partitions';
import { TopicMissingError } from '../topic-missing.error';
import { BatchDelivery } from './batch-delivery';
import { wakeUpChannel } from './embedded-log';
import { EndlessLoop } from './endless-loop';
import { GroupMembership, MEMBERS_CHANGED } from './group-membership';
import { LogTrimmer } from './log-trimmer';
import { OutageLog } from './outage-log';
import { PartitionReader } from './partition-reader';

export interface PostgresConsumerOptions {
  readonly group: string;
  readonly topic: string;
  /** Records of one handler call at most. */
  readonly batchMaxEvents: number;
  /** Milliseconds until a held partition is tried again. */
  readonly heldRetryMs?: number;
  /** Milliseconds of the first and the longest wait after a handler failed. */
  readonly retryMs?: { readonly first: number; readonly last: number };
  /** Milliseconds that a record is kept at least, also when every group has committed it. */
  readonly retentionMs?: number;
}

const MAX_BATCH_BYTES = 4_000_000;
const HEARTBEAT_MS = 1000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5000;
const HELD_RETRY_MS = 30_000;
const RETENTION_MS = 3 * 86_400_000;
const TRIM_EVERY_MS = 600_000;

/**
 * One member of a consumer group on the embedded log.
 *
 * States: joining (also while the database is away) → joined → stopped. Three loops run meanwhile: one keeps the
 * membership, one reads and delivers, one trims. None of them ends before `stop`, whatever fails.
 */
export class PostgresEventConsumer extends EventConsumer {
  readonly group: string;
  readonly topic: string;
  readonly logName: string;
  private readonly membership: GroupMembership;
  private readonly reader: PartitionReader;
  private readonly paused: PausedPartitions;
  private readonly delivery: BatchDelivery;
  private readonly trimmer: LogTrimmer;
  private readonly outage: OutageLog;
  private readonly beats: EndlessLoop;
  private readonly trims: EndlessLoop;
  private reads: EndlessLoop | undefined;
  private running: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;
  private unlisten: (() => Promise<void>) | undefined;
  private admit: (partitions: number | undefined) => void = () => undefined;
  /** Resolves with the number of partitions at the first assignment, or with undefined when `stop` came first. */
  private readonly admitted = new Promise<number | undefined>((resolve) => (this.admit = resolve));
  private joined = false;
  private lastCommitAt: Date | undefined;

  constructor(
    private readonly database: Database,
    options: PostgresConsumerOptions,
    private readonly logger: Logger,
  ) {
    super();
    const { group, topic, batchMaxEvents: maxRecords, retryMs, heldRetryMs, retentionMs } = options;
    this.group = group;
    this.topic = topic;
    this.logName = `postgres/${topic}`;
    this.membership = new GroupMembership(database, group, topic);
    this.reader = new PartitionReader(database, { group, topic, maxRecords, maxBytes: MAX_BATCH_BYTES });
    this.trimmer = new LogTrimmer(database, topic, retentionMs ?? RETENTION_MS);
    const pauses = {
      firstRetryMs: retryMs?.first ?? FIRST_RETRY_MS,
      lastRetryMs: retryMs?.last ?? LAST_RETRY_MS,
      heldRetryMs: heldRetryMs ?? HELD_RETRY_MS,
    };
    this.paused = new PausedPartitions(pauses, logger);
    this.delivery = new BatchDelivery(this.reader, this.membership, this.paused, {
      onCommitted: () => (this.lastCommitAt = new Date()),
      onResumed: () => this.reads?.poke(),
      onReleased: () => {
        this.beats.poke();
      },
    });
    this.outage = new OutageLog(logger, {
      began: 'The embedded log does not answer: this consumer keeps trying.',
      over: 'The embedded log answers again.',
    });
    this.beats = new EndlessLoop('heartbeat', () => this.beat(), this.outage);
    this.trims = new EndlessLoop('trim', (signal) => this.trim(signal), this.outage);
  }

  /** @throws {TopicMissingError} when the database answers and has no such topic. */
  override run(handler: BatchHandler): Promise<void> {
    this.running ??= this.join(handler);
    return this.running;
  }

  override status(): ConsumerStatus {
    const { joined, lastCommitAt } = this;
    const assigned = joined ? this.membership.assigned : [];
    const isMine = (partition: number): boolean => assigned.includes(partition);
    const paused = this.paused.list().filter(isMine);
    const held = this.paused.held().filter(isMine);
    return { joined, assigned, paused, held, lastCommitAt };
  }

  override stop(): Promise<void> {
    this.stopping ??= this.leave();
    return this.stopping;
  }

  private async join(handler: BatchHandler): Promise<void> {
    if (this.isStopping()) return;
    const { topic, group } = this;
    const reads = new EndlessLoop('read', (signal) => this.delivery.turn(handler, signal), this.outage);
    this.reads = reads;
    this.unlisten = await this.database.listen(wakeUpChannel(topic), (payload) => {
      (payload === MEMBERS_CHANGED ? this.beats : reads).poke();
    });
    if (this.isStopping()) return;
    this.beats.start();
    const partitions = await this.admitted;
    if (partitions === undefined) return;
    if (partitions === 0) throw new TopicMissingError(topic);
    this.joined = true;
    this.logger.info({ topic, group, partitions, assigned: this.membership.assigned }, 'Joined the consumer group.');
    reads.start();
    this.trims.start();
  }

  private isStopping(): boolean {
    return this.stopping !== undefined;
  }

  private async leave(): Promise<void> {
    if (this.running === undefined) return;
    this.admit(undefined);
    // The membership outlives the running batch, so that nobody else takes its partitions before it is committed.
    await this.running.catch(() => undefined);
    await Promise.all([this.reads?.stop(), this.trims.stop()]);
    await this.beats.stop();
    this.paused.close();
    this.joined = false;
    try {
      await this.membership.leave();
    } catch (error) {
      this.logger.debug({ error }, 'Could not say goodbye; the membership expires by itself.');
    }
    await this.unlisten?.();
  }

  private async beat(): Promise<number> {
    const before = this.membership.assigned;
    const { partitions, waiting } = await this.membership.beat();
    if (!waiting) this.admit(partitions);
    const { assigned, stale } = this.membership;
    if (assigned.join() !== before.join()) {
      this.logger.debug({ assigned }, 'Partitions assigned.');
      this.reads?.poke();
    }
    return stale ? 0 : HEARTBEAT_MS;
  }

  private async trim(signal: AbortSignal): Promise<number> {
    if (this.membership.leads) {
      const records = await this.trimmer.trim(signal);
      if (records > 0) this.logger.debug({ topic: this.topic, records }, 'Old records are gone.');
    }
    return TRIM_EVERY_MS;
  }
}
