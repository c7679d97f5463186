import {
  replaceSegments,
  stampSuperseded,
  type SegmentContent,
  type SegmentRecord,
  type Transaction,
  type WrittenSegment,
} from '@app/persistence';
import { tallyParts, writePart, type DividedTally } from './duckdb/rewrite-file';
import type { FinishStep, LockedTier, OnStep } from './locked-tier';
import { addTallies, EMPTY_TALLY, requireSame, toNanos, type Tally } from './row-tally';

/** What for: several files become one; rows go; rows are put into files of their own. */
export type RewriteKind = 'merge' | 'erase' | 'set-apart' | 'expire';

/** Done, in this order. From `begun` to `renamed` once for each new file; `replaced` before the commit. */
export type RewriteStep = `${RewriteKind}-${'counted' | 'begun' | 'written' | FinishStep | 'replaced' | 'published'}`;

export interface Rewrite {
  readonly kind: RewriteKind;
  readonly segments: readonly SegmentRecord[];
  /**
   * One new file for each of these conditions, of the rows that meet it and none before it; none where there are no such rows.
   * Rows that meet no condition are dropped.
   */
  readonly keep: readonly string[];
  /**
   * Runs `publish` in one transaction of this session, and in the same one whatever belongs to it.
   *
   * @param dropped rows that are gone with it.
   */
  readonly commit?: (publish: Publish, dropped: Tally) => Promise<unknown>;
}

/** @param also is run when the manifest names the new files and no longer the old ones. */
export type Publish = <T>(tx: Transaction, also: () => Promise<T>) => Promise<T>;

interface Output {
  readonly segment: WrittenSegment;
  readonly content: SegmentContent;
}

/**
 * Replaces committed segments by new ones that have their rows, or some of them. What is written is read again, and must be what
 * the old files have without exactly what is dropped; what the old files have must be what the manifest says. At every instant
 * readers find either the old files or the new ones, and the old ones stay for as long as a reader may be in them.
 */
export class SegmentRewriter {
  constructor(
    private readonly tier: LockedTier,
    private readonly onStep: OnStep<RewriteStep> = () => undefined,
  ) {}

  /**
   * @throws {SegmentDiffersError} {SegmentLostError} {StoreUnavailableError} nothing was changed, or (when the connection broke in
   *   the COMMIT) all of it. What was begun is left to the next sweep.
   */
  async rewrite(rewrite: Rewrite): Promise<void> {
    const replace = await this.prepare(rewrite);
    await replace();
  }

  /**
   * Writes the new files; several segments may be rewritten at once, each for itself.
   *
   * @returns what puts them into the place of the old ones: one call after the other. See `rewrite`.
   */
  async prepare(rewrite: Rewrite): Promise<() => Promise<void>> {
    const { kind, segments } = rewrite;
    const { session, storage } = this.tier;
    const files = segments.map(({ file }) => file);
    const { outputs, dropped } = await storage.reading(files, (paths) => this.write(rewrite, paths));
    const publish: Publish = async (tx, also) => {
      await replaceSegments(tx, segments, outputs);
      await this.onStep(`${kind}-replaced`);
      const result = await also();
      await stampSuperseded(tx, segments);
      return result;
    };
    const { commit = () => session.transaction((tx) => publish(tx, () => Promise.resolve())) } = rewrite;
    return async () => {
      await commit(publish, dropped);
      await this.onStep(`${kind}-published`);
    };
  }

  private async write(
    rewrite: Rewrite,
    paths: readonly string[],
  ): Promise<{ readonly outputs: readonly Output[]; readonly dropped: Tally }> {
    const tallies = await tallyParts(this.tier.engine, paths, rewrite.keep);
    requireManifest(rewrite.segments, tallies);
    await this.onStep(`${rewrite.kind}-counted`);
    const outputs: Output[] = [];
    for (const [index, tally] of tallies.parts.entries()) {
      if (tally.rows > 0) outputs.push(await this.output(rewrite, paths, { index, tally }));
    }
    return { outputs, dropped: tallies.rest };
  }

  private async output(
    { kind, keep }: Rewrite,
    paths: readonly string[],
    { index, tally }: { readonly index: number; readonly tally: Tally },
  ): Promise<Output> {
    const { engine, storage } = this.tier;
    const name = this.tier.newName();
    const file = `${name}.parquet`;
    const segment = await this.tier.begin(file);
    await this.onStep(`${kind}-begun`);
    const draft = storage.draftPath(file);
    const slices: string[] = [];
    const slice = (n: number): string => storage.draftPath((slices[n] = `${name}-${n}.parquet`));
    await writePart(engine, paths, { conditions: keep, index, tally }, { path: draft, slice });
    await this.onStep(`${kind}-written`);
    await storage.remove(slices.map((each) => `${each}.tmp`));
    const onStep = (step: FinishStep): Promise<void> | void => this.onStep(`${kind}-${step}`);
    const read = (path: string): Promise<SegmentContent> => this.tier.readAgain(path, tally, 'A rewritten segment');
    const content = await this.tier.finish(file, read, onStep);
    return { segment, content };
  }
}

/** The files have what was found in them when they were written. */
function requireManifest(segments: readonly SegmentRecord[], { parts, rest }: DividedTally): void {
  const recorded = segments.map(({ rows, minOccurredAt, maxOccurredAt, amountSum, idChecksum }): Tally => {
    return { rows, minOccurredAt, maxOccurredAt, amountNanos: toNanos(amountSum), idChecksum, textBytes: 0 };
  });
  const found = parts.reduce(addTallies, rest);
  // The manifest does not have it.
  const { textBytes } = found;
  requireSame({ ...recorded.reduce(addTallies, EMPTY_TALLY), textBytes }, found, 'What was to be rewritten');
}
