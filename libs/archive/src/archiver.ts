import { PipelineError } from '@app/events';
import type { PostgresConfig } from '@app/config';
import { segmentRecords, type EventKeys, type SegmentContent, type SegmentRecord } from '@app/persistence';
import { ArchiveStoppedError, isOfFilesAtHand, SegmentNotWrittenError } from './archive.error';
import type { Engine } from './duckdb/engine';
import { readKeys, writeSegment } from './duckdb/segment-file';
import { expireOne, type Attempt } from './expired-events';
import { LockedTier, type FinishStep, type OnStep } from './locked-tier';
import { chooseMerge } from './merge-policy';
import type { RowPlace } from './row-tally';
import { LONGEST_COLD_READ_MS } from './read-places';
import { SegmentRewriter, type RewriteStep } from './segment-rewriter';
import { spoolEvents, type Spooled } from './segment-spool';
import type { SegmentStorage } from './segment-storage.port';

/** Done, in this order; from `begun` to `cleared` once for each segment. `removed` for each replaced file, in a sweep. */
export type ArchiveStep =
  | ('locked' | 'swept' | 'begun' | 'spooled' | 'written' | FinishStep | 'published' | 'cleared')
  | 'removed'
  | RewriteStep;

export interface ArchiveOptions {
  /** Events that occurred before it are moved. */
  readonly boundary: Date;
  /** Rows of one segment at most: what one transaction deletes, and 32 bytes of memory each. */
  readonly maxRows?: number;
  readonly maxBytes?: number;
  readonly onStep?: OnStep<ArchiveStep>;
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
  /** Rewritten: several small ones to one, or without events that are older than their project keeps. */
  readonly merged: number;
  readonly expired: number;
}

const MAX_ROWS = 1_000_000;
const MAX_BYTES = 1024 * 1024 * 1024;

/** Bytes of a merged file. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

const NOTHING_DONE: ArchiveRun = { ran: false, segments: 0, rows: 0, merged: 0, expired: 0 };

/**
 * Moves events of the hot tier into files. At every instant an event is found in exactly one of both: the transaction
 * that names the file in the manifest deletes the rows that are in it, after the file was read again and found to have
 * what PostgreSQL sent. Whatever dies before the commit leaves files that nobody reads; the next run removes them.
 */
export class Archiver {
  /** @param graceMs how long a file stays that was replaced. */
  constructor(
    private readonly config: PostgresConfig,
    private readonly storage: SegmentStorage,
    private readonly engine: Engine,
    private readonly graceMs = LONGEST_COLD_READ_MS,
  ) {}

  /**
   * Moves all that there is, drops what is older than its project keeps, and merges small segments, one segment after the other.
   *
   * @throws {SegmentNotWrittenError} {SegmentDiffersError} {SegmentLostError} the events of that segment are where
   *   they were, and every segment before it is published. Thrown at the end where a segment could not be merged, or what is too
   *   old could not be dropped from it: that holds up no other segment.
   * @throws {StoreUnavailableError} the same; of the segment at hand the move is either done or not.
   */
  async run(options: ArchiveOptions): Promise<ArchiveRun> {
    const { config, storage, graceMs } = this;
    const engine = this.engine.until(options.signal);
    let tier: LockedTier | undefined;
    try {
      tier = await LockedTier.lock({ config, storage, engine, graceMs });
      if (tier === undefined) return NOTHING_DONE;
      return await new Run(tier, options).all();
    } catch (error) {
      if (options.signal?.aborted === true) throw new ArchiveStoppedError('The run was stopped.', { cause: error });
      if (error instanceof PipelineError) throw error;
      throw new SegmentNotWrittenError('A segment of old events could not be written.', { cause: error });
    } finally {
      await tier?.close();
    }
  }
}

interface NewFile {
  readonly content: SegmentContent;
  readonly keys: EventKeys;
}

/** One run, with the lock. */
class Run {
  private readonly step: OnStep<ArchiveStep>;
  /** Files that are left alone for the rest of the run. */
  private readonly failed = new Map<string, unknown>();

  constructor(
    private readonly tier: LockedTier,
    private readonly options: ArchiveOptions,
  ) {
    this.step = async (step) => {
      options.signal?.throwIfAborted();
      await options.onStep?.(step);
    };
  }

  async all(): Promise<ArchiveRun> {
    await this.step('locked');
    await this.tier.sweep(this.step);
    await this.step('swept');
    const done = { ...NOTHING_DONE, ran: true };
    let after: RowPlace | undefined;
    for (;;) {
      const { tally, last, exhausted } = await this.oneOrNothing(() => this.one(after));
      if (tally.rows > 0) {
        done.segments += 1;
        done.rows += tally.rows;
        this.options.onMoved?.(tally.rows);
      }
      if (exhausted) break;
      if (!(await this.giveWay())) return done;
      // The index still has the entries of deleted rows, which would be passed again and again.
      after = last;
    }
    return { ...done, ...(await this.tidy()) };
  }

  /** Segment by segment: what is too old goes, what is small becomes large. */
  private async tidy(): Promise<Pick<ArchiveRun, 'merged' | 'expired'>> {
    const done = { merged: 0, expired: 0 };
    const rewriter = new SegmentRewriter(this.tier, this.step);
    const attempt: Attempt = (segments, one) => this.attempt(segments, one);
    while (await this.giveWay()) {
      const fit = ({ file }: SegmentRecord): boolean => !this.failed.has(file);
      const segments = (await segmentRecords(this.tier.session)).filter(fit);
      if (await expireOne(this.tier, rewriter, segments, attempt)) {
        done.expired += 1;
        continue;
      }
      const merge = chooseMerge(segments.filter(fit), {
        maxRows: this.options.maxRows ?? MAX_ROWS,
        maxBytes: MAX_FILE_BYTES,
      });
      if (merge.length < 2) break;
      await attempt(merge, async () => {
        await rewriter.rewrite({ kind: 'merge', segments: merge, keep: ['true'] });
        done.merged += merge.length;
      });
    }
    for (const first of this.failed.values()) throw first;
    return done;
  }

  /** A file that is lost or damaged holds up no others. */
  private async attempt<T>(segments: readonly SegmentRecord[], one: () => Promise<T>): Promise<T | undefined> {
    try {
      return await this.oneOrNothing(one);
    } catch (error) {
      this.options.signal?.throwIfAborted();
      if (!isOfFilesAtHand(error)) throw error;
      for (const { file } of segments) this.failed.set(file, error);
      return undefined;
    }
  }

  /** @returns false when somebody else archives now. */
  private async giveWay(): Promise<boolean> {
    const { between } = this.options;
    if (between === undefined) return true;
    const { segments } = this.tier;
    await segments.unlock();
    await between();
    return segments.lock();
  }

  private async oneOrNothing<T>(one: () => Promise<T>): Promise<T> {
    try {
      return await one();
    } catch (error) {
      // What was begun goes now, so that a full disk is not full of it; where that fails, the next run does it.
      await this.tier.sweep().catch(() => undefined);
      throw error;
    }
  }

  /** @returns what was found; nothing is begun for no rows. */
  private async one(after: RowPlace | undefined): Promise<Spooled> {
    const { session, segments, storage } = this.tier;
    const name = this.tier.newName();
    const segment = await this.tier.begin(`${name}.parquet`);
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
    await storage.remove([`${name}.csv.tmp`]);
    await this.step('cleared');
    return spooled;
  }

  private async makeFile(spool: string, { tally, longestLineBytes }: Spooled, file: string): Promise<NewFile> {
    const { storage, engine } = this.tier;
    await writeSegment(engine, spool, longestLineBytes, storage.draftPath(file));
    await this.step('written');
    const read = async (draft: string): Promise<NewFile> => {
      const content = await this.tier.readAgain(draft, tally, 'A new segment');
      return { content, keys: await readKeys(engine, draft, content) };
    };
    return this.tier.finish(file, read, this.step);
  }
}
