import type { EachBatchPayload } from 'kafkajs';
import type { PartitionBatch } from '../log-record';
import type { HoldReason, Pausable } from '../paused-partitions';
import type { RecordBatch } from './record-batch';
import { readRun, type RecordRun } from './record-run';
import type { Unreadable } from './unreadable';

/**
 * What kafkajs handed over for one partition and waits for. It is dealt with in slices; what is not resolved by the time
 * it is released comes again with the next fetch.
 */
export class Delivery implements Pausable {
  readonly released: Promise<void>;
  private release!: () => void;
  private refuse!: (error: unknown) => void;
  private from = 0;
  private readonly run: RecordRun;

  constructor(readonly payload: EachBatchPayload) {
    this.run = runOf(payload.batch);
    this.released = new Promise((resolve, reject) => {
      this.release = resolve;
      this.refuse = reject;
    });
  }

  get partition(): number {
    return this.payload.batch.partition;
  }

  get left(): number {
    return this.run.records.length - this.from;
  }

  /** Where the next record is; behind the last one, when nothing is left. */
  get nextOffset(): number {
    return this.run.records[this.from]?.offset ?? this.run.end;
  }

  /** Whether kafkajs has to be told that offsets without records lie behind. */
  get skips(): boolean {
    return this.left === 0 && this.run.end > this.run.start;
  }

  /** What can't be read stands behind all these records, and its partition waits for it. */
  get blocked(): HoldReason | undefined {
    const { partition, run } = this;
    if (run.failure === undefined) return undefined;
    const passing = (run.failure as Error & { readonly retriable?: boolean }).retriable === true;
    return {
      partition,
      offset: run.end,
      reason: `It can't be read: ${run.failure.message}`,
      unreadable: passing ? 'transient' : 'lasting',
    };
  }

  pause(): () => void {
    return this.payload.pause();
  }

  /** The next records, at most `max`. They stay the next ones until `moveTo`. */
  slice(max: number): Slice {
    const { topic, partition, highWatermark } = this.payload.batch;
    const records = this.run.records.slice(this.from, this.from + max);
    const batch = { topic, partition, logEnd: Number(highWatermark), records };
    return { delivery: this, batch, next: this.run.records[this.from + max]?.offset ?? this.run.end };
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
function runOf(batch: EachBatchPayload['batch'] & { readonly fetchedOffset?: string }): RecordRun {
  return readRun(Number(batch.fetchedOffset), batch.messages as unknown as readonly (RecordBatch | Unreadable)[]);
}
