import { setTimeout as delay } from 'node:timers/promises';
import { PipelineError } from '@app/events';
import type { EventTail, LogBounds, LogPosition, TailReader } from '@app/messaging';
import type { Logger } from 'pino';
import { EventRing } from './event-ring';
import type { LiveLimits } from './live-limits';
import { logTag, type NamedPosition } from './live-position';

/** A subscriber that looks again when it is woken. */
export interface Follower {
  wake(): void;
}

const FIRST_TRY_MS = 250;
const LAST_TRY_MS = 2000;
/** How often everybody looks whether it is time to say something. */
const TICK_MS = 1000;
/** So many records in front of the position where a ring begins: who was a little behind the first one is in it, too. */
const SLACK_RECORDS = 1200;

/**
 * One reader of the log and its ring, for all subscribers of the process.
 *
 * States: starting (the log has not answered yet) → running → ended: by `end`, or because records were missing, after
 * which the ring would have a hole.
 */
export class LiveTail {
  private readonly followers = new Set<Follower>();
  private current: EventRing | undefined;
  private began: LogPosition = [];
  private reader: TailReader | undefined;
  private readonly ending = new AbortController();
  private readonly ticks: NodeJS.Timeout;

  /** @param hint where its first subscriber wants to go on. */
  constructor(
    private readonly tail: EventTail,
    private readonly limits: Pick<LiveLimits, 'ring'>,
    private readonly logger: Logger,
    hint: NamedPosition | undefined,
  ) {
    this.ticks = setInterval(() => {
      this.wakeAll();
    }, TICK_MS);
    void this.run(hint);
  }

  /** Undefined until the log has answered. */
  get ring(): EventRing | undefined {
    return this.current;
  }

  /** The end of the log when the ring began: "now" for whoever has waited for it. */
  get nowAtBegin(): LogPosition {
    return this.began;
  }

  get ended(): boolean {
    return this.ending.signal.aborted;
  }

  get size(): number {
    return this.followers.size;
  }

  add(follower: Follower): void {
    this.followers.add(follower);
  }

  remove(follower: Follower): void {
    this.followers.delete(follower);
  }

  end(): void {
    this.ending.abort();
    clearInterval(this.ticks);
    void this.reader?.close();
    this.wakeAll();
  }

  private async run(hint: NamedPosition | undefined): Promise<void> {
    try {
      const bounds = await this.firstBounds();
      if (bounds === undefined) return;
      const log = logTag(bounds.logName);
      const from = beginning(bounds, hint?.log === log ? hint.offsets : undefined, this.limits.ring.events);
      this.began = bounds.partitions.map(({ end }) => end);
      this.current = new EventRing(log, from, this.limits.ring);
      this.reader = this.tail.open(from);
      this.wakeAll();
      await this.follow(this.reader, this.current);
    } catch (error) {
      const line = 'Following the log has failed: its subscribers have to come again.';
      if (error instanceof PipelineError) this.logger.warn({ error }, line);
      else this.logger.error({ error }, line);
    } finally {
      this.end();
    }
  }

  private async follow(reader: TailReader, ring: EventRing): Promise<void> {
    while (!this.ended) {
      const batches = await reader.read();
      if (batches.some(({ missing }) => missing !== 0)) {
        this.logger.warn('The log no longer has what was to be followed: its subscribers have to come again.');
        return;
      }
      if (batches.length === 0) continue;
      ring.append(batches);
      this.wakeAll();
    }
  }

  private async firstBounds(): Promise<LogBounds | undefined> {
    for (let waitMs = FIRST_TRY_MS; !this.ended; waitMs = Math.min(LAST_TRY_MS, waitMs * 2)) {
      try {
        return await this.tail.bounds();
      } catch (error) {
        this.logger.debug({ error }, 'The log does not answer: following begins when it does.');
        await delay(waitMs, undefined, { signal: this.ending.signal }).catch(() => undefined);
      }
    }
    return undefined;
  }

  private wakeAll(): void {
    for (const follower of this.followers) follower.wake();
  }
}

/** Where a ring begins: at the hint, when the ring can hold what has come since, else at the end; a little earlier. */
function beginning({ partitions }: LogBounds, hint: LogPosition | undefined, most: number): LogPosition {
  const ends = partitions.map(({ end }) => end);
  const behind =
    hint === undefined ? Infinity : ends.reduce((sum, end, p) => sum + Math.max(0, end - (hint[p] ?? 0)), 0);
  const slack = Math.ceil(SLACK_RECORDS / partitions.length);
  return partitions.map(({ oldest, end }, partition) => {
    const wanted = behind <= most / 2 ? Math.min(end, hint?.[partition] ?? 0) : end;
    return Math.max(oldest, wanted - slack);
  });
}
