import type { PartitionBatch } from './log-record';

/** A partition that must not move past `offset`: the record there is not for this version of the program. */
export interface HeldPartition {
  readonly partition: number;
  /** First offset that was not dealt with. Everything of the batch below it was. */
  readonly offset: number;
  readonly reason: string;
}

/**
 * Deals with the batches and makes the outcome durable; only after it resolves is the offset committed. When it
 * rejects, nothing is committed, the partitions are paused, and the same records come again after a backoff, for ever.
 */
export type BatchHandler = (batches: readonly PartitionBatch[]) => Promise<readonly HeldPartition[]>;

/** What a member of the group is doing, for health and tests. */
export interface ConsumerStatus {
  /** True from the first assignment until `stop`. */
  readonly joined: boolean;
  /** Partitions assigned to this member now. */
  readonly assigned: readonly number[];
  /** Partitions that wait for a backoff, or are held. */
  readonly paused: readonly number[];
  /** Of the assigned ones, those at a record that this program must not judge, also while they are tried again. */
  readonly held: readonly number[];
  /** Time of the last commit of an offset, or undefined before the first. */
  readonly lastCommitAt: Date | undefined;
}

/** One member of a consumer group. */
export abstract class EventConsumer {
  /** The group's name: positions are kept per group. */
  abstract readonly group: string;
  abstract readonly topic: string;
  /**
   * The topic with its log in front, `kafka:<cluster id>/events.v1`. Positions are kept under it: a topic of the same name
   * on another cluster, or in the embedded log, begins at offset 0 again, and must not pass for one that was read. Known
   * from the first call of the handler on.
   */
  abstract readonly logName: string;
  /** Joins the group and starts to hand batches to `handler`, one call at a time. Resolves once joined. */
  abstract run(handler: BatchHandler): Promise<void>;
  abstract status(): ConsumerStatus;
  /** Lets the running batch finish and commit, leaves the group, closes connections. May be called twice. */
  abstract stop(): Promise<void>;
}
