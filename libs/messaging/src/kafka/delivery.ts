import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import type { LogRecord, PartitionBatch } from '../log-record';
import type { Pausable } from '../paused-partitions';

/**
 * What kafkajs handed over for one partition and waits for. It is dealt with in slices; what is not resolved by the time
 * it is released comes again with the next fetch.
 */
export class Delivery implements Pausable {
  readonly released: Promise<void>;
  private release!: () => void;
  private refuse!: (error: unknown) => void;
  private from = 0;

  constructor(readonly payload: EachBatchPayload) {
    this.released = new Promise((resolve, reject) => {
      this.release = resolve;
      this.refuse = reject;
    });
  }

  get partition(): number {
    return this.payload.batch.partition;
  }

  get left(): number {
    return this.payload.batch.messages.length - this.from;
  }

  pause(): () => void {
    return this.payload.pause();
  }

  /** The next records, at most `max`. They stay the next ones until `moveTo`. */
  slice(max: number): Slice {
    const { topic, partition, highWatermark, messages } = this.payload.batch;
    const taken = messages.slice(this.from, this.from + max);
    const batch = { topic, partition, logEnd: Number(highWatermark), records: taken.map(toLogRecord) };
    const atEnd = this.from + taken.length === messages.length;
    // Behind the last record there may be a transaction marker, which is no record but has an offset.
    const last = atEnd ? this.payload.batch.lastOffset() : taken.at(-1)?.offset;
    return { delivery: this, batch, next: Number(last) + 1 };
  }

  /** Everything below `next` is dealt with and committed. */
  moveTo(next: number): void {
    const { messages } = this.payload.batch;
    while (this.from < messages.length && Number(messages[this.from]?.offset) < next) this.from += 1;
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

function toLogRecord({ offset, key, value, headers }: KafkaMessage): LogRecord {
  return { offset: Number(offset), key, value, headers: headers as LogRecord['headers'] };
}
