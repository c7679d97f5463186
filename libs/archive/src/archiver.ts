import { randomUUID } from 'node:crypto';
import { PipelineError } from '@app/events';
import type { PostgresConfig } from '@app/config';
import { ColdSegments, LongSession } from '@app/persistence';
import { ArchiveStoppedError, SegmentDiffersError, SegmentNotWrittenError } from './archive.error';
import type { Connecting, Engine } from './duckdb/engine';
import { readBack, writeSegment, type ReadBack } from './duckdb/segment-file';
import type { RowPlace, Tally } from './row-tally';
import { spoolEvents, type Spooled } from './segment-spool';
import type { SegmentStorage } from './segment-storage.port';

/** Done, in this order; from `begun` to `cleared` once for each segment. */
export type ArchiveStep =
  'locked' | 'swept' | 'begun' | 'spooled' | 'written' | 'settled' | 'verified' | 'renamed' | 'published' | 'cleared';

export interface ArchiveOptions {
  /** Events that occurred before it are moved. */
  readonly boundary: Date;
  /** Rows of one segment at most: what one transaction deletes, and 32 bytes of memory each. */
  readonly maxRows?: number;
  readonly maxBytes?: number;
  readonly onStep?: (step: ArchiveStep) => Promise<void> | void;
  /** Told of each segment that is published. */
  readonly onMoved?: (rows: number) => void;
  /** Runs between two segments, when nobody has the lock: erasures wait for it. */
  readonly between?: () => Promise<void>;
  /** Aborted: the run ends soon, with what it has published. */
  readonly signal?: AbortSignal;
}

export interface ArchiveRun {
  /** False when another archiver is at work; then this one did nothing. */
  readonly ran: boolean;
  readonly segments: number;
  readonly rows: number;
}

const NOTHING: ArchiveRun = { ran: false, segments: 0, rows: 0 };

const MAX_ROWS = 1_000_000;
const MAX_BYTES = 1024 * 1024 * 1024;

/**
 * Moves events of the hot tier into files. At every instant an event is found in exactly one of both: the transaction
 * that names the file in the manifest deletes the rows that are in it, after the file was read again and found to have
 * what PostgreSQL sent. Whatever dies before the commit leaves files that no manifest names; the next run removes them.
 */
export class Archiver {
  constructor(
    private readonly config: PostgresConfig,
    private readonly storage: SegmentStorage,
    private readonly engine: Engine,
  ) {}

  /**
   * Moves all that there is, segment by segment.
   *
   * @throws {SegmentNotWrittenError} {SegmentDiffersError} {SegmentLostError} the events of that segment are where
   *   they were, and every segment before it is published.
   * @throws {ArchiveStoppedError} the same.
   * @throws {StoreUnavailableError} the same; of the segment at hand the move is either done or not.
   */
  async run(options: ArchiveOptions): Promise<ArchiveRun> {
    const session = await LongSession.open(this.config);
    try {
      const segments = new ColdSegments(session);
      if (!(await segments.lock())) return NOTHING;
      await this.storage.prepare();
      const prefix = `events-${await segments.storeId()}-`;
      const { storage } = this;
      const engine = this.engine.until(options.signal);
      return await new Run({ session, segments, storage, engine, prefix }, options).all();
    } catch (error) {
      if (options.signal?.aborted === true) throw new ArchiveStoppedError('The run was stopped.', { cause: error });
      if (error instanceof PipelineError) throw error;
      throw new SegmentNotWrittenError('A segment of old events could not be written.', { cause: error });
    } finally {
      // The lock ends with it.
      await session.close();
    }
  }
}

interface RunParts {
  readonly session: LongSession;
  readonly segments: ColdSegments;
  readonly storage: SegmentStorage;
  readonly engine: Connecting;
  /** Of the names of files. */
  readonly prefix: string;
}

/** One run, with the lock. */
class Run {
  private readonly step: (step: ArchiveStep) => Promise<void>;

  constructor(
    private readonly parts: RunParts,
    private readonly options: ArchiveOptions,
  ) {
    this.step = async (step) => {
      options.signal?.throwIfAborted();
      await options.onStep?.(step);
    };
  }

  async all(): Promise<ArchiveRun> {
    await this.step('locked');
    await this.sweep();
    await this.step('swept');
    const run = { ran: true, segments: 0, rows: 0 };
    let after: RowPlace | undefined;
    for (;;) {
      const { tally, last, exhausted } = await this.oneOrNothing(after);
      if (tally.rows > 0) {
        run.segments += 1;
        run.rows += tally.rows;
        this.options.onMoved?.(tally.rows);
      }
      if (exhausted || !(await this.giveWay())) return run;
      // The index still has the entries of deleted rows, which would be passed again and again.
      after = last;
    }
  }

  /** @returns false when somebody else archives now. */
  private async giveWay(): Promise<boolean> {
    const { between } = this.options;
    if (between === undefined) return true;
    const { segments } = this.parts;
    await segments.unlock();
    await between();
    return segments.lock();
  }

  private async oneOrNothing(after: RowPlace | undefined): Promise<Spooled> {
    try {
      return await this.one(after);
    } catch (error) {
      // What was begun goes now, so that a full disk is not full of it; where that fails, the next run does it.
      await this.sweep().catch(() => undefined);
      throw error;
    }
  }

  /** @returns what was found; nothing is begun for no rows. */
  private async one(after: RowPlace | undefined): Promise<Spooled> {
    const { session, segments, storage, prefix } = this.parts;
    const name = `${prefix}${randomUUID()}`;
    const segment = await segments.begin(randomUUID(), `${name}.parquet`);
    await this.step('begun');
    const spool = storage.draftPath(`${name}.csv`);
    const { boundary, maxRows = MAX_ROWS, maxBytes = MAX_BYTES } = this.options;
    const spooled = await spoolEvents(session, { boundary, after, maxRows, maxBytes }, spool);
    await this.step('spooled');
    if (spooled.tally.rows > 0) {
      const { content, keys } = await this.makeFile(spool, spooled, segment.file);
      await segments.publish(segment, content, keys, this.options.signal);
      await this.step('published');
    } else {
      await segments.forget(segment);
    }
    await storage.remove(`${name}.csv.tmp`);
    await this.step('cleared');
    return spooled;
  }

  private async makeFile(spool: string, { tally, longestLineBytes }: Spooled, file: string): Promise<ReadBack> {
    const { storage, engine } = this.parts;
    const draft = storage.draftPath(file);
    await writeSegment(engine, spool, longestLineBytes, draft);
    await this.step('written');
    await storage.settle(draft);
    await this.step('settled');
    const read = await readBack(engine, draft);
    const differing = differences(tally, read.tally);
    if (differing.length > 0) throw new SegmentDiffersError(`A new segment has other ${differing.join(', ')}.`);
    await this.step('verified');
    await storage.publish(draft, file);
    await this.step('renamed');
    return read;
  }

  /** Removes what earlier runs left that died. With the lock nobody else is writing. */
  private async sweep(): Promise<void> {
    const { segments, storage, prefix } = this.parts;
    const unfinished = await segments.unfinished();
    const wanted = new Set(await segments.files());
    const there = await storage.list(prefix);
    for (const { file } of unfinished) wanted.delete(file);
    // A volume that is not mounted is an empty folder. What is written to it would be hidden when it is.
    if (wanted.size > 0 && !there.some((file) => wanted.has(file)))
      throw new SegmentNotWrittenError(
        'The folder has none of the files that the manifest names: is it the right one?',
      );
    for (const file of there) if (!wanted.has(file)) await storage.remove(file);
    // Last: a row that is struck out before its file is gone would leave a file of which nobody knows.
    for (const segment of unfinished) await segments.forget(segment);
  }
}

/** Names of what is not the same. */
function differences(sent: Tally, read: Tally): string[] {
  return (Object.keys(sent) as (keyof Tally)[]).filter((figure) => {
    const [a, b] = [sent[figure], read[figure]];
    return a instanceof Buffer && b instanceof Buffer ? !a.equals(b) : a !== b;
  });
}
