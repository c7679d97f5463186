import type { EachBatchPayload } from 'kafkajs';
import type { BatchHandler, HeldPartition } from '../event-consumer.port';
import { Delivery, type Slice } from './delivery';
import { isMembershipError } from './kafka-error';
import type { PartitionProgress } from './partition-progress';
import type { PausedPartitions } from '../paused-partitions';

/** What a broker cannot read it often can a moment later; a wait costs one small request. */
const UNREADABLE_RETRY_MS = 2000;

export interface MergerOptions {
  readonly batchMaxEvents: number;
  readonly heartbeatIntervalMs: number;
  readonly onCommitted: () => void;
}

/**
 * kafkajs hands over one partition at a time; a transaction is cheaper for many. Whatever waits when a handler call can
 * begin goes into it, up to `batchMaxEvents` records, and is committed by one request.
 *
 * Nothing of a handler's failure escapes to kafkajs, which would stop the consumer for good. Only the broker's word that
 * the group has moved on does: it makes kafkajs join again.
 */
export class BatchMerger {
  private waiting: Delivery[] = [];
  private draining: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly handler: BatchHandler,
    private readonly options: MergerOptions,
    private readonly paused: PausedPartitions,
    private readonly progress: PartitionProgress,
  ) {}

  get busy(): boolean {
    return this.draining !== undefined;
  }

  /** Resolves when kafkajs may fetch again for this partition. */
  deliver(payload: EachBatchPayload): Promise<void> {
    if (this.closed) return Promise.resolve();
    const delivery = new Delivery(payload);
    this.progress.fetched(delivery.partition, delivery.nextOffset, Number(payload.batch.highWatermark));
    if (delivery.blocked === undefined) this.paused.readable(delivery.partition);
    if (delivery.left === 0) return this.pass(delivery);
    this.waiting.push(delivery);
    this.draining ??= this.drain();
    return delivery.released;
  }

  /** Nothing in it is a record: a marker of a transaction, what was aborted, or what can't be read. */
  private async pass(delivery: Delivery): Promise<void> {
    const { partition, nextOffset, blocked } = delivery;
    if (delivery.skips) {
      try {
        await this.commitOffsets([{ delivery, next: nextOffset }]);
      } catch (error) {
        if (isMembershipError(error)) throw error;
        return; // it comes again
      }
      delivery.moveTo(nextOffset);
      this.progress.committed(partition, nextOffset);
    }
    if (blocked !== undefined) this.paused.hold(delivery, blocked, UNREADABLE_RETRY_MS);
  }

  /** Begins no further handler call; resolves when the running one is committed. */
  async close(): Promise<void> {
    this.closed = true;
    await this.draining;
  }

  private async drain(): Promise<void> {
    await Promise.resolve(); // kafkajs hands over all partitions of a fetch before this goes on
    while (this.waiting.length > 0) {
      try {
        await this.callOnce();
      } catch (error) {
        this.giveBack(error);
      }
    }
    this.draining = undefined;
  }

  private async callOnce(): Promise<void> {
    const [first] = this.waiting;
    if (this.closed || first?.payload.isRunning() === false) {
      this.endAll();
      return;
    }
    const slices = this.take();
    const held = await this.handle(slices);
    await this.commit(slices, held);
    this.paused.succeeded();
    const finished = this.waiting.filter((delivery) => delivery.left === 0 || held.has(delivery.partition));
    this.waiting = this.waiting.filter((delivery) => !finished.includes(delivery));
    for (const delivery of finished) delivery.end();
    await this.heartbeatBetweenCalls();
  }

  /** The group may say that it rebalances: then what is left here belongs to whoever gets the partition. */
  private async heartbeatBetweenCalls(): Promise<void> {
    try {
      await this.waiting[0]?.payload.heartbeat();
    } catch (error) {
      this.endAll(isMembershipError(error) ? error : undefined);
    }
  }

  private take(): Slice[] {
    const slices: Slice[] = [];
    let room = this.options.batchMaxEvents;
    for (const delivery of this.waiting) {
      if (room === 0) break;
      const slice = delivery.slice(room);
      room -= slice.batch.records.length;
      slices.push(slice);
    }
    return slices;
  }

  private async handle(slices: readonly Slice[]): Promise<Map<number, HeldPartition>> {
    // A transaction may take seconds; without heartbeats the group would give the partitions to another member. What
    // the group answers meanwhile can wait: the batch is finished in any case.
    const beat = setInterval(() => {
      slices[0]?.delivery.payload.heartbeat().catch(() => undefined);
    }, this.options.heartbeatIntervalMs);
    try {
      const held = await this.handler(slices.map(({ batch }) => batch));
      return new Map(held.map((partition) => [partition.partition, partition]));
    } finally {
      clearInterval(beat);
    }
  }

  private async commit(slices: readonly Slice[], held: ReadonlyMap<number, HeldPartition>): Promise<void> {
    const moves = slices.map(({ delivery, batch, next }) => {
      const first = batch.records[0]?.offset ?? next;
      const limit = held.get(delivery.partition)?.offset ?? next;
      return { delivery, first, next: Math.min(next, Math.max(first, limit)) };
    });
    const moved = moves.filter(({ first, next }) => next > first);
    await this.commitOffsets(moved);
    for (const { delivery, next } of moved) {
      delivery.moveTo(next);
      this.progress.committed(delivery.partition, next);
      this.paused.moved(delivery.partition, next);
    }
    for (const { delivery } of moves) {
      const hold = held.get(delivery.partition);
      if (hold !== undefined) this.paused.hold(delivery, hold);
      else if (delivery.left === 0 && delivery.blocked !== undefined) {
        this.paused.hold(delivery, delivery.blocked, UNREADABLE_RETRY_MS);
      }
    }
  }

  private async commitOffsets(moved: readonly { readonly delivery: Delivery; readonly next: number }[]): Promise<void> {
    const payload = moved[0]?.delivery.payload;
    if (payload === undefined) return;
    const partitions = moved.map(({ delivery, next }) => ({ partition: delivery.partition, offset: String(next) }));
    // By the payload: commitOffsets of the consumer does nothing, silently, while it is being stopped.
    await payload.commitOffsetsIfNecessary({ topics: [{ topic: payload.batch.topic, partitions }] });
    this.options.onCommitted();
  }

  /** Whatever waits behind a failure waits with it: the handler is in trouble, not one partition. */
  private giveBack(error: unknown): void {
    if (isMembershipError(error)) {
      this.endAll(error);
      return;
    }
    this.paused.backOff(this.waiting, error);
    this.endAll();
  }

  private endAll(error?: unknown): void {
    const ended = this.waiting;
    this.waiting = [];
    for (const delivery of ended) delivery.end(error);
  }
}
