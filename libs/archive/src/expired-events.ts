import {
  raiseEventsFrom,
  replaceSegments,
  retentionCutoffs,
  stampSuperseded,
  type RetentionCutoff,
  type SegmentRecord,
} from '@app/persistence';
import { timestamp } from './duckdb/engine';
import { parquet } from './duckdb/sql';
import type { LockedTier } from './locked-tier';
import type { SegmentRewriter } from './segment-rewriter';
import { timesOf } from './segment-times';

/** Does something with segments. @returns undefined when that fails, and others are to go on. */
export type Attempt = <T>(segments: readonly SegmentRecord[], one: () => Promise<T>) => Promise<T | undefined>;

/**
 * Drops events that are older than their projects want to keep, of one segment.
 *
 * @returns false when there is none with such events.
 */
export async function expireOne(
  tier: LockedTier,
  rewriter: SegmentRewriter,
  segments: readonly SegmentRecord[],
  attempt: Attempt,
): Promise<boolean> {
  const cutoffs = await retentionCutoffs(tier.session);
  for (const segment of segments) {
    const reaching = cutoffs.filter((cutoff) => mayHaveExpired(segment, cutoff));
    if (await attempt([segment], () => expire(tier, rewriter, segment, reaching))) return true;
  }
  return false;
}

/** @returns false when it has no such events. */
async function expire(
  tier: LockedTier,
  rewriter: SegmentRewriter,
  segment: SegmentRecord,
  reaching: readonly RetentionCutoff[],
): Promise<boolean> {
  const [only] = reaching;
  if (only === undefined) return false;
  if (isAllExpired(segment, only)) {
    await drop(tier, segment, only);
    return true;
  }
  const expired = await withExpired(tier, segment, reaching);
  if (expired.length === 0) return false;
  await rewriter.rewrite({
    kind: 'expire',
    segments: [segment],
    keep: [`NOT (${conditionOf(expired)})`],
    commit: (publish) =>
      tier.session.transaction((tx) =>
        publish(tx, async () => {
          for (const cutoff of expired) await raiseEventsFrom(tx, cutoff);
        }),
      ),
  });
  return true;
}

/** Without reading it. */
async function drop({ session }: LockedTier, segment: SegmentRecord, cutoff: RetentionCutoff): Promise<void> {
  await session.transaction(async (tx) => {
    await replaceSegments(tx, [segment], []);
    await raiseEventsFrom(tx, cutoff);
    await stampSuperseded(tx, [segment]);
  });
}

function mayHaveExpired(segment: SegmentRecord, { projectId, from }: RetentionCutoff): boolean {
  const { minProjectId, maxProjectId } = segment;
  return minProjectId <= projectId && projectId <= maxProjectId && timesOf(segment).min < from.getTime();
}

function isAllExpired(segment: SegmentRecord, { from }: RetentionCutoff): boolean {
  return segment.minProjectId === segment.maxProjectId && timesOf(segment).max < from.getTime();
}

/** Of the cutoffs, those before which the file has events of their project. */
async function withExpired(
  { engine, storage }: LockedTier,
  { file }: SegmentRecord,
  cutoffs: readonly RetentionCutoff[],
): Promise<RetentionCutoff[]> {
  const projects = await storage.reading([file], (paths) =>
    engine.connected(async (connection) => {
      const sql = `SELECT DISTINCT project_id AS id FROM ${parquet(paths)} WHERE ${conditionOf(cutoffs)}`;
      return (await connection.runAndReadAll(sql)).getRowObjectsJS() as unknown as { id: number }[];
    }),
  );
  return cutoffs.filter(({ projectId }) => projects.some(({ id }) => id === projectId));
}

function conditionOf(cutoffs: readonly RetentionCutoff[]): string {
  const each = cutoffs.map(
    ({ projectId, from }) => `(project_id = ${projectId} AND occurred_at < ${timestamp(from.getTime())})`,
  );
  return each.join(' OR ');
}
