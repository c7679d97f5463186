import { randomUUID } from 'node:crypto';
import type { PostgresConfig } from '@app/config';
import {
  ColdSegments,
  LongSession,
  removableSegments,
  strikeSuperseded,
  type SegmentContent,
  type WrittenSegment,
} from '@app/persistence';
import { SegmentNotWrittenError } from './archive.error';
import type { Connecting } from './duckdb/engine';
import { readBack } from './duckdb/segment-file';
import { LONGEST_COLD_READ_MS } from './read-places';
import { requireSame, type Tally } from './row-tally';
import type { SegmentStorage } from './segment-storage.port';

/** What a cold tier is made of. */
export interface TierParts {
  readonly config: PostgresConfig;
  readonly storage: SegmentStorage;
  readonly engine: Connecting;
  /** How long a file stays that was replaced. */
  readonly graceMs?: number;
}

/** Who is told what was done, so that tests can end a process there. */
export type OnStep<Step extends string> = (step: Step) => Promise<void> | void;

/** Done with a written draft, in this order. */
export type FinishStep = 'settled' | 'verified' | 'renamed';

/** The cold tier while this process has its lock: nobody else changes it, and the lock ends with the session. */
export class LockedTier {
  readonly storage: SegmentStorage;
  readonly engine: Connecting;
  readonly graceMs: number;
  private beginning: Promise<unknown> = Promise.resolve();

  private constructor(
    { storage, engine, graceMs = LONGEST_COLD_READ_MS }: TierParts,
    readonly session: LongSession,
    readonly segments: ColdSegments,
    private readonly prefix: string,
  ) {
    this.storage = storage;
    this.engine = engine;
    this.graceMs = graceMs;
  }

  /** @returns undefined when another one has the lock. */
  static async lock(cold: TierParts): Promise<LockedTier | undefined> {
    const session = await LongSession.open(cold.config);
    try {
      const segments = new ColdSegments(session);
      if (await segments.lock()) {
        await cold.storage.prepare();
        return new LockedTier(cold, session, segments, `events-${await segments.storeId()}-`);
      }
    } catch (error) {
      await session.close();
      throw error;
    }
    await session.close();
    return undefined;
  }

  /** A name for a new file, without its ending. */
  newName(): string {
    return `${this.prefix}${randomUUID()}`;
  }

  /** Makes a file somebody's. May be called while another call runs, which the session may not. */
  async begin(file: string): Promise<WrittenSegment> {
    const begun = this.beginning.then(() => this.segments.begin(randomUUID(), file));
    this.beginning = begun.catch(() => undefined);
    return begun;
  }

  /**
   * Makes a written draft the file of that name, which nobody reads yet: once it is on disk, and was read again.
   *
   * @param read reads the draft. When it throws, that stays a draft.
   */
  async finish<T>(file: string, read: (draft: string) => Promise<T>, onStep: OnStep<FinishStep>): Promise<T> {
    const draft = this.storage.draftPath(file);
    await this.storage.settle(draft);
    await onStep('settled');
    const found = await read(draft);
    await onStep('verified');
    await this.storage.publish(draft, file);
    await onStep('renamed');
    return found;
  }

  /** Reads a whole draft. @throws {SegmentDiffersError} it has something else than was to be written. */
  async readAgain(draft: string, expected: Tally, what: string): Promise<SegmentContent> {
    const { content, tally } = await readBack(this.engine, draft);
    requireSame(expected, tally, what);
    return content;
  }

  /**
   * Removes what earlier runs left that died, and the replaced files that nobody can be reading any more. A run that was cut off may
   * still be storing its file: such a file is looked for until none can come any more. One that the manifest does not name
   * at all stays: it may be all that there is of some events, when the manifest was restored from a backup, or belongs
   * to a copy of the database that was given the folder of the first.
   */
  async sweep(onStep: OnStep<'removed'> = () => undefined): Promise<void> {
    const { session, segments, storage, graceMs } = this;
    const abandoned = await segments.abandoned();
    const removable = await removableSegments(session, graceMs);
    const wanted = new Set(await segments.files());
    for (const { file } of [...abandoned, ...removable]) wanted.delete(file);
    const there = await storage.list(this.prefix);
    // A volume that is not mounted is an empty folder. What is written to it would be hidden when it is.
    if (wanted.size > 0 && !there.some((file) => wanted.has(file))) {
      throw new SegmentNotWrittenError(
        'The folder has none of the files that the manifest names: is it the right one?',
      );
    }
    const nobodys = new Set(abandoned.map(({ file }) => file));
    const left = there.filter((file) => isDraft(file) || nobodys.has(file));
    // DuckDB's own, of a process that was killed while it sorted; one that still runs has them open, and keeps them.
    left.push(...(await storage.list('duckdb_temp_')));
    await storage.remove([...left, ...removable.map(({ file }) => file)]);
    // Last: a row that is struck out before its file is gone would leave a file of which nobody knows.
    await segments.forgetAbandoned();
    for (const segment of removable) {
      await onStep('removed');
      await strikeSuperseded(session, segment);
    }
  }

  /** The lock ends with it. May be called twice. */
  async close(): Promise<void> {
    await this.session.close();
  }
}

/** Nobody's only copy: a draft is written from what is still somewhere else. */
function isDraft(file: string): boolean {
  return file.endsWith('.tmp');
}
