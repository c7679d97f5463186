import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Backoff } from '../backoff';
import { TailReader, type LogPosition, type TailBatch } from '../event-tail.port';
import type { PartitionResponse } from './fetch-decoding';
import { isOffsetLost } from './kafka-error';
import { readRun } from './record-run';
import type { TopicConnection } from './topic-connection';

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2000;
/** What a broker cannot read it often can a moment later. */
const UNREADABLE_RETRY_MS = 2000;
/** After a fetch that gave little, the next one waits: 40 answers a second cost less than one for each event. */
const SMALL = { records: 500, intervalMs: 25 };

type Fetched =
  | { readonly nodeId: string; readonly answer: readonly PartitionResponse[] }
  | { readonly nodeId: string; readonly error: unknown };

export interface TailReaderHooks {
  readonly connect: () => Promise<TopicConnection>;
  /** The log answers, or it does not. */
  readonly onTry: (error: unknown) => void;
  readonly onUnreadable: (partition: number, offset: number, error: Error) => void;
  readonly onClosed: () => void;
}

/**
 * One fetch per broker is on its way at most, and the next one to it begins after its answer was taken: that is the
 * back-pressure, and the bound of what is held.
 *
 * After any failure the connections are replaced: a leader that has moved, a broker that is away and one that hangs are
 * one case.
 */
export class KafkaTailReader extends TailReader {
  private readonly position: number[];
  private readonly fetching = new Map<string, Promise<Fetched>>();
  private readonly notBefore = new Map<number, number>();
  private readonly backoff = new Backoff(FIRST_RETRY_MS, LAST_RETRY_MS);
  private readonly closing = new AbortController();
  /** Ends the wait of a running `read`. */
  private release: (() => void) | undefined;
  private connection: TopicConnection | undefined;
  private pauseUntil = 0;
  private fetches = 0;

  constructor(
    from: LogPosition,
    private readonly hooks: TailReaderHooks,
  ) {
    super();
    this.position = [...from];
  }

  override async read(): Promise<readonly TailBatch[]> {
    await this.rest(this.pauseUntil - performance.now());
    if (this.isClosed()) return [];
    try {
      const batches = await this.readOnce();
      this.hooks.onTry(undefined);
      this.backoff.reset();
      return batches;
    } catch (error) {
      if (this.isClosed()) return [];
      this.disconnect();
      this.hooks.onTry(error);
      await this.rest(this.backoff.next());
      return [];
    }
  }

  override close(): Promise<void> {
    this.closing.abort();
    this.release?.();
    this.disconnect();
    this.hooks.onClosed();
    return Promise.resolve();
  }

  private async readOnce(): Promise<TailBatch[]> {
    const connection = (this.connection ??= await this.connect());
    await connection.refresh();
    for (const partition of connection.partitions) this.position[partition] ??= 0;
    if (this.isClosed()) return [];
    this.fetchOn(connection);
    if (this.fetching.size === 0) return [];
    const fetched = await this.nextFetched();
    if (fetched === undefined) return [];
    this.fetching.delete(fetched.nodeId);
    if ('error' in fetched) {
      if (!isOffsetLost(fetched.error)) throw fetched.error;
      return this.findRecords(connection);
    }
    return this.take(fetched.answer);
  }

  /**
   * What has come first; undefined when the reader is closed. Not by `Promise.race` with a promise that ends with the
   * reader: that one would keep every answer until then.
   */
  private nextFetched(): Promise<Fetched | undefined> {
    return new Promise((resolve) => {
      this.release = () => {
        resolve(undefined);
      };
      for (const fetching of this.fetching.values()) void fetching.then(resolve);
    });
  }

  /** A connection that is made while the reader is closed would be nobody's. */
  private async connect(): Promise<TopicConnection> {
    const connection = await this.hooks.connect();
    if (!this.isClosed()) return connection;
    connection.close();
    throw new Error('The reader is closed.');
  }

  private fetchOn(connection: TopicConnection): void {
    const now = performance.now();
    const ready = connection.partitions.filter((partition) => (this.notBefore.get(partition) ?? 0) <= now);
    for (const [nodeId, partitions] of connection.leaders(ready)) {
      if (this.fetching.has(nodeId)) continue;
      // A broker fills its answer from the first one on: each has to be the first one now and then.
      const first = this.fetches % partitions.length;
      this.fetches += 1;
      const inTurn = [...partitions.slice(first), ...partitions.slice(0, first)];
      const fetched = connection.fetch(nodeId, inTurn, this.position).then(
        (answer): Fetched => ({ nodeId, answer }),
        (error: unknown): Fetched => ({ nodeId, error }),
      );
      this.fetching.set(nodeId, fetched);
      this.pauseUntil = now + SMALL.intervalMs;
    }
    // Nothing of it can be read for a while.
    if (this.fetching.size === 0) this.pauseUntil = now + UNREADABLE_RETRY_MS / 4;
  }

  private take(answer: readonly PartitionResponse[]): TailBatch[] {
    const batches: TailBatch[] = [];
    let count = 0;
    for (const { partition, messages } of answer) {
      const start = this.position[partition] ?? 0;
      const { records, end, failure } = readRun(start, messages);
      if (failure !== undefined) {
        this.notBefore.set(partition, performance.now() + UNREADABLE_RETRY_MS);
        this.hooks.onUnreadable(partition, end, failure);
      }
      if (end === start) continue;
      this.position[partition] = end;
      count += records.length;
      batches.push({ partition, records, next: end, missing: 0 });
    }
    if (count >= SMALL.records) this.pauseUntil = 0;
    return batches.sort((a, b) => a.partition - b.partition);
  }

  /** Some position is outside of what the log has: to the oldest record with it. */
  private async findRecords(connection: TopicConnection): Promise<TailBatch[]> {
    const { partitions } = await connection.bounds();
    const batches: TailBatch[] = [];
    for (const [partition, { oldest, end }] of partitions.entries()) {
      const position = this.position[partition] ?? 0;
      if (position >= oldest && position <= end) continue;
      this.position[partition] = oldest;
      batches.push({
        partition,
        records: [],
        next: oldest,
        missing: position > end ? undefined : oldest - position,
      });
    }
    return batches;
  }

  private disconnect(): void {
    this.connection?.close();
    this.connection = undefined;
    this.fetching.clear(); // their answers, should any come, are nobody's: the positions have not moved
  }

  private isClosed(): boolean {
    return this.closing.signal.aborted;
  }

  private async rest(ms: number): Promise<void> {
    if (ms > 0) await delay(ms, undefined, { signal: this.closing.signal }).catch(() => undefined);
  }
}
