import { PipelineError } from '@app/events';
import { ARCHIVE_LOCK } from '../cold-segments';
import type { Database, Queryable } from '../database';
import { DeadLetterPlace } from './dead-letters.place';
import { CLOCK_SKEW_MS, DUE, raiseVersion, type Removed } from './erasures';
import { HotEvents } from './hot-events.place';
import { storingTransactionsEnded } from './storing-transactions';
import { NotReadYetError, type ErasedUser, type ErasureWork, type UserPlace } from './user-place.port';

/** What one step came to. */
export type EraserStep =
  /** Nothing is to be done now, or another process does it. */
  | { readonly kind: 'rest' }
  | { readonly kind: 'working' }
  | { readonly kind: 'done'; readonly erasureId: string }
  | { readonly kind: 'failed'; readonly erasureId: string; readonly error: unknown };

/** After what trying again may cure. */
const RETRY_MS = 30_000;

interface Due extends ErasedUser {
  readonly status: 'queued' | 'running';
}

/**
 * Removes what erasures ask for. Any process may step at any time: a step reads where the work stands, does a part of it
 * in one transaction and keeps what it came to in the same one. An erasure is
 *
 * - `queued` until its instant has passed on every clock, and all transactions have ended that may not know of it;
 * - `running` until every place says that nothing is left; now and then it waits for what others may still be reading;
 * - `done`, or `failed` when something is wrong that trying again does not cure. The user's id is gone then.
 */
export class Eraser {
  /** @param places in this order. */
  constructor(
    private readonly database: Database,
    private readonly skewMs = CLOCK_SKEW_MS,
    private readonly places: readonly UserPlace[] = [new DeadLetterPlace(), new HotEvents()],
  ) {}

  /** @throws {PipelineError} retriable: some of the step is done, or nothing. */
  async step(): Promise<EraserStep> {
    const due = await this.due();
    if (due === undefined) return { kind: 'rest' };
    if (due.status === 'queued') return this.begin();
    try {
      return await this.remove(due);
    } catch (error) {
      const { erasureId } = due;
      if (error instanceof PipelineError && error.retriable) {
        // Others need not wait for a disk that is full, or a statement that takes too long. Where PostgreSQL is away, all do.
        await postpone(this.database, erasureId, new Date(Date.now() + RETRY_MS)).catch(() => undefined);
        throw error;
      }
      await this.database.transaction((tx) => finish(tx, erasureId, 'failed'));
      return { kind: 'failed', erasureId, error };
    }
  }

  /** The oldest erasure that may begin or go on; one that was put off is as old as the time that it waited for. */
  private async due(): Promise<Due | undefined> {
    const [row] = await this.database.query<Omit<Due, 'before'> & { readonly before: number }>(
      `SELECT id AS "erasureId", status, project_id AS "projectId", user_id AS "userId",
         (extract(epoch FROM before) * 1000)::float8 AS before
       FROM erasures WHERE ${DUE}
       ORDER BY coalesce(resume_at, requested_at), id LIMIT 1`,
      [this.skewMs],
    );
    return row === undefined ? undefined : { ...row, before: new Date(row.before) };
  }

  /** All that may, with one wait. */
  private async begin(): Promise<EraserStep> {
    const queued = `status = 'queued' AND before + $1 * interval '1 ms' <= clock_timestamp()`;
    const due = await this.database.query<{ id: string }>(`SELECT id FROM erasures WHERE ${queued}`, [this.skewMs]);
    // After they were seen, and so are committed.
    await storingTransactionsEnded(this.database);
    // One that was asked for again meanwhile has a later instant, and waits for that.
    await this.database.query(`UPDATE erasures SET status = 'running' WHERE ${queued} AND id = ANY ($2::uuid[])`, [
      this.skewMs,
      due.map(({ id }) => id),
    ]);
    return { kind: 'working' };
  }

  private async remove(due: Due): Promise<EraserStep> {
    const { erasureId } = due;
    const work: ErasureWork = {
      transaction: (part, on = this.database) =>
        readingBetween(() =>
          on.transaction(async (tx) => {
            if (!(await mayWork(tx, erasureId))) return undefined;
            const result = await part(tx);
            await count(tx, erasureId, result.removed);
            return result;
          }),
        ),
      daysLeft: async (tx, days) => {
        const left = new Set<number>();
        for (const place of this.places) for (const day of await place.daysLeft(tx, due, days)) left.add(day);
        return left;
      },
    };
    for (const place of this.places) {
      const left = await place.erase(due, work);
      if (left === 'nothing') continue;
      if (left === 'locked') return { kind: 'rest' };
      if (left !== 'something') await postpone(this.database, erasureId, left.resumeAt);
      return { kind: 'working' };
    }
    const finished = await work.transaction(async (tx) => {
      await finish(tx, erasureId, 'done');
      return { removed: {} };
    });
    return finished === undefined ? { kind: 'rest' } : { kind: 'done', erasureId };
  }
}

/** A transaction has the user's row, for which whoever stores waits: none lasts while files are fetched and read. */
async function readingBetween<T>(transaction: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await transaction();
    } catch (error) {
      if (!(error instanceof NotReadYetError)) throw error;
      await error.read();
    }
  }
}

async function postpone(database: Queryable, erasureId: string, resumeAt: Date): Promise<void> {
  await database.query('UPDATE erasures SET resume_at = $2 WHERE id = $1', [erasureId, resumeAt.toISOString()]);
}

/** Until the end of the transaction nobody else erases, and no archiver moves what would have to be. */
async function mayWork(tx: Queryable, erasureId: string): Promise<boolean> {
  const [lock] = await tx.query<{ held: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS held', [ARCHIVE_LOCK]);
  if (lock?.held !== true) return false;
  const running = await tx.query(`SELECT 1 FROM erasures WHERE id = $1 AND status = 'running' FOR UPDATE`, [erasureId]);
  return running.length > 0;
}

async function count(tx: Queryable, erasureId: string, removed: Partial<Removed>): Promise<void> {
  const { hot = 0, cold = 0, deadLetters = 0, userDays = 0 } = removed;
  if (hot + cold + deadLetters + userDays === 0) return;
  await tx.query(
    `UPDATE erasures SET removed_hot = removed_hot + $2, removed_cold = removed_cold + $3,
       removed_dead_letters = removed_dead_letters + $4, removed_user_days = removed_user_days + $5
     WHERE id = $1`,
    [erasureId, hot, cold, deadLetters, userDays],
  );
}

/** The version rises: names are remembered again from here on. */
async function finish(tx: Queryable, erasureId: string, status: 'done' | 'failed'): Promise<void> {
  const ended = await tx.query(
    `UPDATE erasures SET status = $2, user_id = NULL, hot_through_at = NULL, hot_through_id = NULL, finished_at = now()
     WHERE id = $1 AND status IN ('queued', 'running') RETURNING 1`,
    [erasureId, status],
  );
  if (ended.length > 0) await raiseVersion(tx);
}
