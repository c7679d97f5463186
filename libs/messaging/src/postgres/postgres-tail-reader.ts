import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@app/persistence';
import { Backoff } from '../backoff';
import { TailReader, type LogPosition, type TailBatch } from '../event-tail.port';
import type { LogRecord } from '../log-record';
import { readBounds } from './embedded-log';
import { readRecords, type WantedRun } from './read-records';
import { shareOut } from './share-out';
import { WakeUp } from './wake-up';

/** Notifications are lost with their connection; whoever sleeps looks again after this. */
const POLL_MS = 1000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 2000;
/** Of one read. What it holds is dealt with in one turn of the event loop, which others wait for. */
const MAX = { records: 2000, bytes: 1_000_000 };
/** A read that gave little is followed by the next one no sooner: few queries of many records, not many of one. */
const SMALL = { records: 500, intervalMs: 25 };

interface HeadRow {
  readonly partition: number;
  readonly logEnd: string;
}

const HEADS = 'SELECT partition, next_offset AS "logEnd" FROM log_partitions WHERE topic = $1 ORDER BY partition';

export interface TailReaderHooks {
  /** The database answers, or it does not. */
  readonly onTry: (error: unknown) => void;
  readonly onClosed: () => void;
}

/** Offsets of the embedded log have no gaps: what is not there was trimmed. */
export class PostgresTailReader extends TailReader {
  private readonly position: number[];
  private readonly wakeUp = new WakeUp();
  private readonly backoff = new Backoff(FIRST_RETRY_MS, LAST_RETRY_MS);
  private readonly closing = new AbortController();
  private pauseUntil = 0;

  constructor(
    private readonly database: Database,
    private readonly topic: string,
    from: LogPosition,
    private readonly hooks: TailReaderHooks,
  ) {
    super();
    this.position = [...from];
  }

  /** There may be something new. */
  readonly poke = (): void => {
    this.wakeUp.poke();
  };

  override async read(): Promise<readonly TailBatch[]> {
    await this.rest(this.pauseUntil - performance.now());
    try {
      let batches = await this.readOnce();
      if (batches.length === 0 && !this.isClosed()) {
        await this.wakeUp.sleep(POLL_MS);
        batches = await this.readOnce();
      }
      this.hooks.onTry(undefined);
      this.backoff.reset();
      return batches;
    } catch (error) {
      if (this.isClosed()) return [];
      this.hooks.onTry(error);
      await this.rest(this.backoff.next());
      return [];
    }
  }

  override close(): Promise<void> {
    this.closing.abort();
    this.wakeUp.poke();
    this.hooks.onClosed();
    return Promise.resolve();
  }

  private async readOnce(): Promise<TailBatch[]> {
    if (this.isClosed()) return [];
    const startedAt = performance.now();
    const heads = await this.database.query<HeadRow>(HEADS, [this.topic]);
    const ends = heads.map(({ logEnd }) => Number(logEnd));
    const startedAnew = await this.startAnew(ends);
    if (startedAnew.length > 0) return startedAnew;
    const wanted = this.wanted(ends);
    if (wanted.length === 0) return [];
    const runs = await readRecords(this.database, this.topic, wanted, MAX.bytes);
    if (this.isClosed()) return [];
    const batches = wanted.map(({ partition, from }) => this.take(partition, from, runs.get(partition), ends));
    const count = batches.reduce((sum, { records }) => sum + records.length, 0);
    this.pauseUntil = count < SMALL.records ? startedAt + SMALL.intervalMs : 0;
    return batches;
  }

  private wanted(ends: readonly number[]): WantedRun[] {
    const backlogs = new Map<number, number>();
    for (const [partition, end] of ends.entries()) {
      const from = (this.position[partition] ??= 0);
      if (end > from) backlogs.set(partition, end - from);
    }
    const shares = shareOut(backlogs, MAX.records);
    return [...shares].map(([partition, records]) => ({ partition, from: this.position[partition] ?? 0, records }));
  }

  private take(
    partition: number,
    from: number,
    records: readonly LogRecord[] = [],
    ends: readonly number[],
  ): TailBatch {
    const first = records[0]?.offset ?? ends[partition] ?? from;
    const next = (records.at(-1)?.offset ?? first - 1) + 1;
    this.position[partition] = next;
    return { partition, records, next, missing: first - from };
  }

  /** Where the position is behind the end, the log was made anew behind our back: from its oldest record. */
  private async startAnew(ends: readonly number[]): Promise<TailBatch[]> {
    const beyond = [...ends.keys()].filter((partition) => (this.position[partition] ?? 0) > (ends[partition] ?? 0));
    if (beyond.length === 0) return [];
    const bounds = await readBounds(this.database, this.topic);
    return beyond.map((partition) => {
      const next = bounds[partition]?.oldest ?? 0;
      this.position[partition] = next;
      return { partition, records: [], next, missing: undefined };
    });
  }

  private isClosed(): boolean {
    return this.closing.signal.aborted;
  }

  private async rest(ms: number): Promise<void> {
    if (ms > 0) await delay(ms, undefined, { signal: this.closing.signal }).catch(() => undefined);
  }
}
