import { randomUUID } from 'node:crypto';
import { PipelineError } from '@app/events';
import type { PostgresConfig } from '@app/config';
import { erasureIsDue } from '@app/persistence';
import { SegmentDiffersError, SegmentNotWrittenError } from './archive.error';
import type { Engine } from './duckdb/engine';
import { readBack, writeSegment, type ReadBack } from './duckdb/segment-file';
import { LockedTier, type OnStep } from './locked-tier';
import { differences, type RowPlace } from './row-tally';
import type { RewriteStep } from './segment-rewriter';
import { spoolEvents, type Spooled } from './segment-spool';
import type { SegmentStorage } from './segment-storage.port';

/** Done, in this order; from `begun` to `cleared` once for each segment. `removed` for each replaced file, in a sweep. */
export type ArchiveStep =
  | (
      | 'locked'
      | 'swept'
      | 'begun'
      | 'spooled'
      | 'written'
      | 'settled'
      | 'verified'
      | 'renamed'
      | 'published'
      | 'cleared'
    )
  | 'removed'
  | RewriteStep;

export interface ArchiveOptions {
  /** Events that occurred before it are moved. */
  readonly boundary: Date;
  /** Rows of one segment at most: what one transaction deletes, and 32 bytes of memory each. */
  readonly maxRows?: number;
  readonly maxBytes?: number;
  /** The run ends after the segment at hand. */
  readonly signal?: AbortSignal;
  readonly onStep?: OnStep<ArchiveStep>;
}

export interface ArchiveRun {
  /** False when another archiver is at work; then this one did nothing. */
  readonly ran: boolean;
  readonly segments: number;
  readonly rows: number;
  /** It ended early: it was told to, or an erasure waits for the lock. */
  readonly more: boolean;
}

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
   * Moves all that there is, segment by segment; ends early when an erasure waits for the lock.
   *
   * @throws {SegmentNotWrittenError} {SegmentDiffersError} {SegmentLostError} the events of that segment are where
   *   they were, and every segment before it is published.
   * @throws {StoreUnavailableError} the same; of the segment at hand the move is either done or not.
   */
  async run(options: ArchiveOptions): Promise<ArchiveRun> {
    const { config, storage, engine } = this;
    let tier: LockedTier | undefined;
    try {
      tier = await LockedTier.lock({ config, storage, engine });
      if (tier === undefined) return { ran: false, segments: 0, rows: 0, more: false };
      return await new Run(tier, options).all();
    } catch (error) {
      if (error instanceof PipelineError) throw error;
      throw new SegmentNotWrittenError('A segment of old events could not be written.', { cause: error });
    } finally {
      await tier?.close();
    }
  }
}

/** One run, with the lock. */
class Run {
  private readonly step: OnStep<ArchiveStep>;

  constructor(
    private readonly tier: LockedTier,
    private readonly options: ArchiveOptions,
  ) {
    this.step = options.onStep ?? (() => undefined);
  }

  async all(): Promise<ArchiveRun> {
    await this.step('locked');
    await this.tier.sweep(this.step);
    await this.step('swept');
    const run = { ran: true, segments: 0, rows: 0, more: false };
    let after: RowPlace | undefined;
    for (;;) {
      const { tally, last, exhausted } = await this.oneOrNothing(after);
      if (tally.rows > 0) run.segments += 1;
      run.rows += tally.rows;
      if (exhausted) return run;
      if (await this.isToEnd()) return { ...run, more: true };
      // The index still has the entries of deleted rows, which would be passed again and again.
      after = last;
    }
  }

  private async isToEnd(): Promise<boolean> {
    return this.options.signal?.aborted === true || (await erasureIsDue(this.tier.session));
  }

  private async oneOrNothing(after: RowPlace | undefined): Promise<Spooled> {
    try {
      return await this.one(after);
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
    const segment = await segments.begin(randomUUID(), `${name}.parquet`);
    await this.step('begun');
    const spool = storage.draftPath(`${name}.csv`);
    const { boundary, maxRows = MAX_ROWS, maxBytes = MAX_BYTES } = this.options;
    const spooled = await spoolEvents(session, { boundary, after, maxRows, maxBytes }, spool);
    await this.step('spooled');
    if (spooled.tally.rows > 0) {
      const { content, keys } = await this.makeFile(spool, spooled, segment.file);
      await segments.publish(segment, content, keys);
      await this.step('published');
    } else {
      await segments.forget(segment);
    }
    await storage.remove(`${name}.csv.tmp`);
    await this.step('cleared');
    return spooled;
  }

  private async makeFile(spool: string, { tally, longestLineBytes }: Spooled, file: string): Promise<ReadBack> {
    const { storage, engine } = this.tier;
    const draft = storage.draftPath(file);
    const { rows, textBytes } = tally;
    await writeSegment(engine, spool, { rows, textBytes, longestLineBytes }, draft);
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
}
