import type { EventConsumer, EventPublisher, EventTail } from '@app/messaging';

/** A record as any program may put it on the log. */
export interface RawRecord {
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A log of its own for one test: 12 partitions, nothing on it, a group that nobody has joined. */
export interface EventLogUnderTest {
  readonly publisher: EventPublisher;
  /**
   * A new member of the group, not running yet. At most 100 records a call, first retry after at most 100 ms, held
   * partitions tried again within a second.
   */
  newConsumer(): EventConsumer;
  readonly tail: EventTail;
  /** Makes the log forget what is below the offset, as its retention would. */
  forget(partition: number, offset: number): Promise<void>;
  /** Resolves once they are on the log. */
  produceRaw(records: readonly RawRecord[]): Promise<void>;
  /** Stops what was made and removes the log. */
  close(): Promise<void>;
}

export const CONTRACT_PARTITIONS = 12;
export const CONTRACT_BATCH_MAX_EVENTS = 100;
