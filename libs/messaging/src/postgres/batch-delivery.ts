import { performance } from 'node:perf_hooks';
import type { BatchHandler, HeldPartition } from '../event-consumer.port';
import type { Pausable, PausedPartitions } from '../paused-partitions';
import type { PartitionBatch } from '../log-record';
import { rest } from './endless-loop';
import type { GroupMembership } from './group-membership';
import type { PartitionReader } from './partition-reader';

/** Notifications are lost with their connection; whoever sleeps looks again after this. */
const POLL_MS = 1000;

/**
 * A read that gave less than `records` is followed by the next one no sooner than `intervalMs` after it: a steady
 * trickle makes few transactions of many records, not many of one. Who comes out of a longer sleep reads at once.
 */
const SMALL = { records: 1000, intervalMs: 25 };

export interface DeliveryHooks {
  readonly onCommitted: () => void;
  /** A paused partition may be read again. */
  readonly onResumed: () => void;
  /** The round is over, and others may have what was lost meanwhile. */
  readonly onReleased: () => void;
}

/** Read, hand over, commit: one round at a time, and in this order, so that no record is committed before it is safe. */
export class BatchDelivery {
  private notBefore = 0;

  constructor(
    private readonly reader: PartitionReader,
    private readonly membership: GroupMembership,
    private readonly paused: PausedPartitions,
    private readonly hooks: DeliveryHooks,
  ) {}

  /** One round. @returns milliseconds until the next, when nothing happens meanwhile. */
  async turn(handler: BatchHandler, signal: AbortSignal): Promise<number> {
    await rest(Math.max(0, this.notBefore - performance.now()), signal);
    if (signal.aborted) return 0;
    const startedAt = performance.now();
    try {
      const batches = await this.reader.poll(this.membership.beginRound(), this.paused.list());
      if (batches.length === 0) return POLL_MS;
      const records = batches.reduce((sum, batch) => sum + batch.records.length, 0);
      this.notBefore = records < SMALL.records ? startedAt + SMALL.intervalMs : 0;
      await this.deliver(batches, handler);
      return 0;
    } finally {
      this.membership.endRound();
      if (this.membership.stale) this.hooks.onReleased();
    }
  }

  private async deliver(batches: readonly PartitionBatch[], handler: BatchHandler): Promise<void> {
    let held: readonly HeldPartition[];
    try {
      held = await handler(batches);
    } catch (error) {
      this.paused.backOff(
        batches.map(({ partition }) => this.pausable(partition)),
        error,
      );
      return;
    }
    const nexts = nextOffsets(batches, held);
    // When this fails the records come again, and the handler knows them by their offsets.
    await this.reader.commit(nexts);
    if (nexts.size > 0) this.hooks.onCommitted();
    this.paused.succeeded();
    for (const [partition, next] of nexts) this.paused.moved(partition, next);
    for (const hold of held) this.paused.hold(this.pausable(hold.partition), hold);
  }

  private pausable(partition: number): Pausable {
    return { partition, pause: () => this.hooks.onResumed };
  }
}

/** Per partition that moves, the first offset that is not dealt with. */
function nextOffsets(batches: readonly PartitionBatch[], held: readonly HeldPartition[]): Map<number, number> {
  const heldAt = new Map(held.map(({ partition, offset }) => [partition, offset]));
  const nexts = new Map<number, number>();
  for (const { partition, records } of batches) {
    const first = records[0]?.offset ?? 0;
    const end = (records.at(-1)?.offset ?? 0) + 1;
    const next = Math.min(end, heldAt.get(partition) ?? end);
    if (next > first) nexts.set(partition, next);
  }
  return nexts;
}
