import { PipelineError } from '@app/events';
import {
  committedSegments,
  eraseEvents,
  NotReadYetError,
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
import { isOfFilesAtHand, SegmentDiffersError, SegmentGoneError, SegmentNotWrittenError } from './archive.error';
import { UserRows } from './duckdb/user-rows';
import { LockedTier, type TierParts, type OnStep } from './locked-tier';
import { SegmentRewriter, type RewriteStep } from './segment-rewriter';

const DAY_MS = 86_400_000;

/** Files that are looked into at once. */
const FILES_AT_ONCE = 32;

/** Files that are rewritten at once: each keeps one core busy, and holds some groups of rows in memory. */
const REWRITTEN_AT_ONCE = 2;

/**
 * The events of a user in files. Each file that has some is rewritten without them, two in a step; with its replacement go the ids'
 * marks in the ledger and the corrections of the numbers. Nothing is left when the replaced files are removed, too.
 *
 * What one transaction should not change at once is first put into files of its own, which have no other rows: the large file
 * is rewritten once.
 */
export class ColdUserEvents extends UserPlace {
  /** Whether files have something to erase, and on which days they have rows of the user. They never change. */
  private known = { erasureId: '', files: new Map<string, boolean>(), days: new Map<string, ReadonlySet<number>>() };
  /** Erasures whose files are rewritten one after the other, since there was no room for two, on disk or in memory. */
  private readonly cramped = new Set<string>();

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
    const read = this.knownOf(user).days;
    const unread = files.filter((file) => !read.has(file));
    // Which files count is for the transaction to say, under the lock: what is in each of them stays so.
    if (unread.length > 0) throw new NotReadYetError(() => this.readDays(user, unread));
    return new Set(days.filter((day) => files.some((file) => read.get(file)?.has(day))));
  }

  private async readDays(user: ErasedUser, files: readonly string[]): Promise<void> {
    const { storage, engine } = this.cold;
    const read = this.knownOf(user).days;
    try {
      for (const some of chunksOf(files)) {
        const days = await storage.reading(some, (paths) => new UserRows(engine, user).days(paths));
        some.forEach((file, index) => read.set(file, days[index] ?? new Set()));
      }
    } catch (error) {
      if (error instanceof PipelineError) throw error;
      // Without the lock it may have been replaced.
      throw new SegmentGoneError('A file of old events could not be read.', { cause: error });
    }
  }

  private knownOf(user: ErasedUser): typeof this.known {
    if (this.known.erasureId !== user.erasureId) {
      this.known = { erasureId: user.erasureId, files: new Map(), days: new Map() };
    }
    return this.known;
  }

  private async eraseIn(tier: LockedTier, user: ErasedUser, work: ErasureWork): Promise<Left> {
    await tier.sweep(this.onStep);
    const { projectId } = user;
    const segments = (await segmentRecords(tier.session)).filter(
      ({ minProjectId, maxProjectId }) => minProjectId <= projectId && projectId <= maxProjectId,
    );
    const left = await this.eraseSome(tier, segments, user, work);
    if (left !== 'nothing') return left;
    let resumeAt: Date | undefined;
    for (const { removableAt, ...replaced } of await supersededSegments(tier.session, tier.graceMs)) {
      if ((await this.having(user, [replaced], 1)).length > 0) resumeAt = removableAt;
    }
    if (resumeAt !== undefined) return { resumeAt };
    this.cramped.delete(user.erasureId);
    return 'nothing';
  }

  /** The first that can be: a file that is lost or damaged holds up no others. @throws when nothing but such files is left. */
  private async eraseSome(
    tier: LockedTier,
    segments: readonly SegmentRecord[],
    user: ErasedUser,
    work: ErasureWork,
  ): Promise<Left> {
    const atOnce = this.cramped.has(user.erasureId) ? 1 : REWRITTEN_AT_ONCE;
    const failures: unknown[] = [];
    for (let rest = segments; ;) {
      const some = await this.having(user, rest, atOnce);
      if (some.length === 0) break;
      try {
        return await this.eraseOf(tier, some, user, work);
      } catch (error) {
        if (!(error instanceof SegmentGoneError || error instanceof SegmentDiffersError)) throw error;
        failures.push(error);
        rest = rest.filter((segment) => !some.includes(segment));
      }
    }
    if (failures.length > 0) throw failures[0];
    return 'nothing';
  }

  /** The first of the segments that have something of the user. @throws when there is none, and some cannot be read. */
  private async having<S extends { readonly file: string }>(
    user: ErasedUser,
    segments: readonly S[],
    atMost: number,
  ): Promise<S[]> {
    const known = this.knownOf(user).files;
    const found: S[] = [];
    const failures: unknown[] = [];
    for (const some of chunksOf(segments)) {
      const asked = some.map(({ file }) => file).filter((file) => !known.has(file));
      if (asked.length > 0) failures.push(...(await this.learn(user, asked)));
      found.push(...some.filter(({ file }) => known.get(file) === true));
      if (found.length >= atMost) break;
    }
    if (found.length === 0 && failures.length > 0) throw failures[0];
    return found.slice(0, atMost);
  }

  /** @returns why files could not be read, of each that could not. */
  private async learn(user: ErasedUser, files: readonly string[]): Promise<unknown[]> {
    const { storage, engine } = this.cold;
    try {
      const having = await storage.reading(files, (paths) => new UserRows(engine, user).erasable(paths));
      files.forEach((file, index) => this.knownOf(user).files.set(file, having[index] === true));
      return [];
    } catch (error) {
      if (!isOfFilesAtHand(error)) throw error;
      if (files.length === 1) return [error];
      const failures: unknown[] = [];
      for (const file of files) failures.push(...(await this.learn(user, [file])));
      return failures;
    }
  }

  private async eraseOf(
    tier: LockedTier,
    segments: readonly SegmentRecord[],
    user: ErasedUser,
    work: ErasureWork,
  ): Promise<Left> {
    const dropping = { rewriter: new SegmentRewriter(tier, this.onStep), tier, user, work };
    const written = await Promise.allSettled(segments.map((segment) => this.prepare(dropping, segment)));
    const failures: unknown[] = written.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
    if (failures.length > 0) this.cramped.add(user.erasureId);
    for (const each of written) {
      if (each.status === 'rejected') continue;
      try {
        if (!(await each.value())) return 'locked';
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return 'something';
  }

  /** @returns what puts the new files into the place of the old one: false when another process works. */
  private async prepare(dropping: Dropping, segment: SegmentRecord): Promise<() => Promise<boolean>> {
    const { rewriter, tier, user } = dropping;
    const rows = new UserRows(tier.engine, user);
    const { parts, gone } = await tier.storage.reading([segment.file], async ([path = '']) => {
      const found = await rows.parts(path);
      return { parts: found, gone: found.length === 1 ? await rows.erasableEvents(path) : [] };
    });
    if (parts.length < 2) return this.drop(dropping, segment, gone);
    const keep = [`NOT ${rows.erasableCondition}`, ...parts];
    const replace = await rewriter.prepare({ kind: 'set-apart', segments: [segment], keep });
    return async () => {
      await replace();
      return true;
    };
  }

  private async drop(
    { rewriter, tier, user, work }: Dropping,
    segment: SegmentRecord,
    gone: readonly GoneEvent[],
  ): Promise<() => Promise<boolean>> {
    const { erasableCondition } = new UserRows(tier.engine, user);
    let published = false;
    const replace = await rewriter.prepare({
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
    return async () => {
      await replace();
      return published;
    };
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
