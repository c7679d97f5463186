import { PipelineError } from '@app/events';
import {
  committedSegments,
  eraseEvents,
  segmentRecords,
  supersededSegments,
  UserPlace,
  type CommittedSegment,
  type ErasedUser,
  type ErasureWork,
  type GoneEvent,
  type Left,
  type Queryable,
  type SegmentRecord,
} from '@app/persistence';
import { SegmentDiffersError, SegmentNotWrittenError } from './archive.error';
import { UserRows } from './duckdb/user-rows';
import { LockedTier, type TierParts, type OnStep } from './locked-tier';
import { SegmentRewriter, type RewriteStep } from './segment-rewriter';

const DAY_MS = 86_400_000;

/** Files that are looked into at once. */
const FILES_AT_ONCE = 32;

/**
 * The events of a user in files. Each file that has some is rewritten without them, one in a step; with its replacement go the ids'
 * marks in the ledger and the corrections of the numbers. Nothing is left when the replaced files are removed, too.
 *
 * What one transaction should not change at once is first put into files of its own, which have no other rows: the large file
 * is rewritten once.
 */
export class ColdUserEvents extends UserPlace {
  /** Files never change: what has nothing of the user now never will. */
  private clean = { erasureId: '', files: new Set<string>() };

  constructor(
    private readonly cold: TierParts,
    private readonly onStep: OnStep<RewriteStep | 'removed'> = () => undefined,
  ) {
    super();
  }

  override async erase(user: ErasedUser, work: ErasureWork): Promise<Left> {
    let tier: LockedTier | undefined;
    try {
      tier = await LockedTier.lock(this.cold);
      return tier === undefined ? 'locked' : await this.eraseIn(tier, user, work);
    } catch (error) {
      if (error instanceof PipelineError) throw error;
      throw new SegmentNotWrittenError('A segment of old events could not be rewritten.', { cause: error });
    } finally {
      await tier?.close();
    }
  }

  override async daysLeft(tx: Queryable, user: ErasedUser, days: readonly number[]): Promise<ReadonlySet<number>> {
    const sorted = [...days].sort((a, b) => a - b);
    const [from, until] = [startOf(sorted[0] ?? 0), startOf((sorted.at(-1) ?? 0) + 1)];
    const segments = await committedSegments(tx, user.projectId, { from, until });
    const files = segments.filter((segment) => days.some((day) => reachesInto(segment, day))).map(({ file }) => file);
    const { storage, engine } = this.cold;
    const left = new Set<number>();
    for (const some of chunksOf(files)) {
      const found = await storage.reading(some, (paths) => new UserRows(engine, user).days(paths, days));
      for (const day of found) left.add(day);
    }
    return left;
  }

  private async eraseIn(tier: LockedTier, user: ErasedUser, work: ErasureWork): Promise<Left> {
    await tier.sweep(this.onStep);
    const { projectId } = user;
    const segments = (await segmentRecords(tier.session)).filter(
      ({ minProjectId, maxProjectId }) => minProjectId <= projectId && projectId <= maxProjectId,
    );
    const segment = await this.firstWith(user, segments);
    if (segment !== undefined) return this.eraseOf(tier, segment, user, work);
    let resumeAt: Date | undefined;
    for (const { removableAt, ...replaced } of await supersededSegments(tier.session, tier.graceMs)) {
      if ((await this.firstWith(user, [replaced])) !== undefined) resumeAt = removableAt;
    }
    return resumeAt === undefined ? 'nothing' : { resumeAt };
  }

  private async firstWith<S extends { readonly file: string }>(
    user: ErasedUser,
    segments: readonly S[],
  ): Promise<S | undefined> {
    if (this.clean.erasureId !== user.erasureId) this.clean = { erasureId: user.erasureId, files: new Set() };
    const { storage, engine } = this.cold;
    const known = this.clean.files;
    for (const some of chunksOf(segments.filter(({ file }) => !known.has(file)))) {
      const files = some.map(({ file }) => file);
      const having = await storage.reading(files, (paths) => new UserRows(engine, user).erasable(paths));
      some.forEach(({ file }, index) => {
        if (having[index] === false) known.add(file);
      });
      const first = having.indexOf(true);
      if (first !== -1) return some[first];
    }
    return undefined;
  }

  private async eraseOf(tier: LockedTier, segment: SegmentRecord, user: ErasedUser, work: ErasureWork): Promise<Left> {
    const rewriter = new SegmentRewriter(tier, this.onStep);
    const rows = new UserRows(tier.engine, user);
    const segments = [segment];
    const { parts, gone } = await tier.storage.reading([segment.file], async ([path = '']) => {
      const found = await rows.parts(path);
      return { parts: found, gone: found.length === 1 ? await rows.erasableEvents(path) : [] };
    });
    if (parts.length > 1) {
      await rewriter.rewrite({ kind: 'set-apart', segments, keep: [`NOT ${rows.erasableCondition}`, ...parts] });
      return 'something';
    }
    const published = await this.drop({ rewriter, tier, user, work }, segment, gone);
    return published ? 'something' : 'locked';
  }

  private async drop(
    { rewriter, tier, user, work }: Dropping,
    segment: SegmentRecord,
    gone: readonly GoneEvent[],
  ): Promise<boolean> {
    const { erasableCondition } = new UserRows(tier.engine, user);
    let published = false;
    await rewriter.rewrite({
      kind: 'erase',
      segments: [segment],
      keep: [`NOT ${erasableCondition}`],
      commit: async (publish, dropped) => {
        if (dropped.rows !== gone.length) throw new SegmentDiffersError('A segment was read twice and had other rows.');
        const counted = await work.transaction(async (tx) => {
          const userDays = await publish(tx, () => eraseEvents(tx, user, gone, (days) => work.daysLeft(tx, days)));
          return { removed: { cold: gone.length, userDays } };
        }, tier.session);
        published = counted !== undefined;
      },
    });
    return published;
  }
}

interface Dropping {
  readonly rewriter: SegmentRewriter;
  readonly tier: LockedTier;
  readonly user: ErasedUser;
  readonly work: ErasureWork;
}

function startOf(day: number): Date {
  return new Date(day * DAY_MS);
}

function reachesInto({ minOccurredAt, maxOccurredAt }: CommittedSegment, day: number): boolean {
  return minOccurredAt < startOf(day + 1) && maxOccurredAt >= startOf(day);
}

function* chunksOf<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += FILES_AT_ONCE) yield all.slice(from, from + FILES_AT_ONCE);
}
