import type { EachBatchPayload } from 'kafkajs';
import type { LogRecord, PartitionBatch } from '../log-record';
import type { Pausable } from '../paused-partitions';
import { readRecords, type RecordBatch } from './record-batch';
import { isUnreadable, type Unreadable } from './unreadable';

/**
 * What kafkajs handed over for one partition and waits for. It is dealt with in slices; what is not resolved by the time
 * it is released comes again with the next fetch.
 */
export class Delivery implements Pausable {
  readonly released: Promise<void>;
  private release!: () => void;
  private refuse!: (error: unknown) => void;
  private from = 0;
  private readonly records: readonly LogRecord[];

  /** @throws what keeps the records from being read. */
  constructor(readonly payload: EachBatchPayload) {
    this.records = recordsOf(payload.batch);
    this.released = new Promise((resolve, reject) => {
      this.release = resolve;
      this.refuse = reject;
    });
  }

  get partition(): number {
    return this.payload.batch.partition;
  }

  get left(): number {
    return this.records.length - this.from;
  }

  /** Where the next record is; behind the last one, when nothing is left. */
  get nextOffset(): number {
    return this.records[this.from]?.offset ?? this.endOffset;
  }

  /** Behind the last record there may be a transaction marker, or gaps, which are no records but have offsets. */
  private get endOffset(): number {
    return Number(this.payload.batch.lastOffset()) + 1;
  }

  pause(): () => void {
    return this.payload.pause();
  }

  /** The next records, at most `max`. They stay the next ones until `moveTo`. */
  slice(max: number): Slice {
    const { topic, partition, highWatermark } = this.payload.batch;
    const records = this.records.slice(this.from, this.from + max);
    const batch = { topic, partition, logEnd: Number(highWatermark), records };
    return { delivery: this, batch, next: this.records[this.from + max]?.offset ?? this.endOffset };
  }

  /** Everything below `next` is dealt with and committed. */
  moveTo(next: number): void {
    while (this.nextOffset < next && this.left > 0) this.from += 1;
    this.payload.resolveOffset(String(next - 1));
  }

  /** Lets kafkajs go on, with `error` to make it join the group again. */
  end(error?: unknown): void {
    if (error === undefined) this.release();
    else this.refuse(error);
  }
}

/** Part of a delivery that goes into one handler call. */
export interface Slice {
  readonly delivery: Delivery;
  readonly batch: PartitionBatch;
  /** Offset to commit once all of it is dealt with. */
  readonly next: number;
}

/** kafkajs tells where it asked the broker to begin; its types do not. */
export function fetchedOffset(batch: EachBatchPayload['batch'] & { readonly fetchedOffset?: string }): number {
  return Number(batch.fetchedOffset);
}

/** A record batch may begin before the offset that was asked for. */
function recordsOf(batch: EachBatchPayload['batch']): LogRecord[] {
  const from = fetchedOffset(batch);
  return (batch.messages as unknown as readonly (RecordBatch | Unreadable)[])
    .flatMap((each) => {
      if (isUnreadable(each)) throw each.error;
      return readRecords(each);
    })
    .filter(({ offset }) => offset >= from);
}
