import type { LogRecord } from './log-record';

/** The offset that is due next, by partition. A partition that it does not name is read from its oldest record. */
export type LogPosition = readonly number[];

/** What the log has of one partition. */
export interface PartitionBounds {
  /** Offset of the oldest record that is still kept; `end` when none is. */
  readonly oldest: number;
  /** Offset that the next published record will get. */
  readonly end: number;
}

/** What the log has now. */
export interface LogBounds {
  /** The topic with its log in front, as `EventConsumer.logName`: a position means nothing on another one. */
  readonly logName: string;
  readonly partitions: readonly PartitionBounds[];
}

/** What one read gave of one partition. */
export interface TailBatch {
  readonly partition: number;
  /** In offset order; none when there are only markers of transactions, or when records are missing. */
  readonly records: readonly LogRecord[];
  /** Offset that the next read goes on with. */
  readonly next: number;
  /**
   * How many records in front of these the log has no more; 0 as a rule. Undefined: the position was behind the log's
   * end, so that the log was made anew, and nobody knows.
   */
  readonly missing: number | undefined;
}

/** Reads on from a position, at the pace of whoever calls. */
export abstract class TailReader {
  /**
   * What comes next, of one or more partitions; with nothing new, empty after about a second. Never rejects: while the
   * log is away it is empty as well, and the records come once the log is back. One call at a time.
   */
  abstract read(): Promise<readonly TailBatch[]>;
  /** Ends a running `read`, which is then empty. May be called twice. */
  abstract close(): Promise<void>;
}

/**
 * Reads the topic from wherever, all of it, without being a consumer: no group, no commits, nothing is left behind. Only
 * what every in-sync replica has (Kafka), or is committed (embedded log), is read.
 */
export abstract class EventTail {
  /** @throws {PipelineError} retriable, when the log is away or the topic is missing. */
  abstract bounds(): Promise<LogBounds>;
  abstract open(from: LogPosition): TailReader;
  /** Closes what was opened. May be called twice. */
  abstract close(): Promise<void>;
}
