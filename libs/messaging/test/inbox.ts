import type { BatchHandler, HeldPartition, LogRecord, PartitionBatch } from '@app/messaging';

export interface Received extends LogRecord {
  readonly partition: number;
}

/** Takes what a consumer hands over, and can be told to refuse it. Several members may share one. */
export class Inbox {
  readonly received: Received[] = [];
  readonly calls: PartitionBatch[][] = [];
  /** Calls that were rejected. */
  refused = 0;
  /** What the next calls throw. */
  failure: Error | undefined;
  /** Asked for each batch; an offset holds the partition there. */
  hold: (batch: PartitionBatch) => number | undefined = () => undefined;
  private running = 0;
  mostAtOnce = 0;

  readonly handler: BatchHandler = async (batches) => {
    this.running += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.running);
    await new Promise(setImmediate);
    this.running -= 1;
    if (this.failure !== undefined) {
      this.refused += 1;
      throw this.failure;
    }
    this.calls.push([...batches]);
    return batches.flatMap((batch) => this.take(batch));
  };

  values(): string[] {
    return this.received.map(({ value }) => value?.toString('utf8') ?? 'null');
  }

  private take(batch: PartitionBatch): HeldPartition[] {
    const { partition } = batch;
    const offset = this.hold(batch);
    for (const record of batch.records) {
      if (offset === undefined || record.offset < offset) this.received.push({ ...record, partition });
    }
    return offset === undefined ? [] : [{ partition, offset, reason: 'told to' }];
  }
}

/** Offsets of one partition, in the order in which they came. */
export function offsetsOf(received: readonly Received[], partition: number): number[] {
  return received.filter((record) => record.partition === partition).map(({ offset }) => offset);
}
