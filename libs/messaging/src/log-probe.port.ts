/** How far a group is on one partition. */
export interface PartitionBacklog {
  /** Offset that the next published record will get. */
  readonly logEnd: number;
  /** First offset that the group has not committed; where it has committed nothing, the oldest record there is. */
  readonly next: number;
}

/** What waits on the log for one group. */
export interface Backlog {
  /** All partitions of the topic, whoever has them. */
  readonly partitions: ReadonlyMap<number, PartitionBacklog>;
  /** The oldest unread record is at least this old; 0 when there is none. */
  readonly oldestUnreadMs: number;
  /** How long the log keeps a record that nobody has read; undefined: for ever, or it does not tell. */
  readonly retentionMs: number | undefined;
}

/**
 * Asks the log about itself, for health and metrics. On connections of its own: what hangs in a publisher or a consumer
 * must not hang here, and a member that is paused or stuck still has a lag.
 */
export abstract class LogProbe {
  /** `kafka`, or `embedded_log`. */
  abstract readonly logKind: string;
  /** Resolves when the log answers and has the topic. */
  abstract ping(): Promise<void>;
  abstract backlog(): Promise<Backlog>;
  /** May be called twice. */
  abstract close(): Promise<void>;
}
