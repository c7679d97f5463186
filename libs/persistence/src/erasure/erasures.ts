import { uuidV7 } from '@app/events';
import type { Database, Queryable } from '../database';
import { TooManyErasuresError } from './too-many-erasures.error';
import { hashUser } from './user-hash';

/** How far apart the clocks of the API's replicas and of PostgreSQL may be. */
export const CLOCK_SKEW_MS = 1000;

/** Erasures of a project that are not over. Each is work, and costs all projects a look at the days of new names. */
const MAX_OPEN = 1000;

/** Of erasures that can begin or go on; $1 is the skew. */
export const DUE = `status IN ('queued', 'running') AND before + $1 * interval '1 ms' <= clock_timestamp()
  AND (resume_at IS NULL OR resume_at <= clock_timestamp())`;

/** What was removed so far. */
export interface Removed {
  /** Events in PostgreSQL. */
  readonly hot: number;
  /** Events in the archive. */
  readonly cold: number;
  readonly deadLetters: number;
  /** Days on which the user was counted as active. */
  readonly userDays: number;
}

export type ErasureStatus = 'queued' | 'running' | 'done' | 'failed';

export interface StoredErasure {
  readonly status: ErasureStatus;
  readonly removed: Removed;
}

interface Row {
  readonly status: ErasureStatus;
  readonly hot: number;
  readonly cold: number;
  readonly dead_letters: number;
  readonly user_days: number;
}

/** $1 is the skew. */
const BEFORE = `date_trunc('milliseconds', clock_timestamp()) + $1 * interval '1 ms'`;

/** Takes requests to erase a user, and tells how far they are; `Eraser` does the work. */
export class Erasures {
  /** @param skewMs see CLOCK_SKEW_MS. */
  constructor(
    private readonly database: Database,
    private readonly skewMs = CLOCK_SKEW_MS,
  ) {}

  /**
   * Asks that everything of a user that was received until now is removed and refused from now on. Safe to repeat: while
   * an erasure of the user waits for its turn, that one is meant.
   *
   * An event bears the time of the replica that took it. With what one whose clock is ahead has taken before this
   * moment, whatever any takes in the next second counts as before.
   *
   * @returns the erasure's id.
   * @throws {TooManyErasuresError} the project has MAX_OPEN that are not over.
   */
  async request(projectId: number, userId: string): Promise<string> {
    return this.database.transaction(async (tx) => {
      const [state] = await tx.query<{ key: Buffer; open: number }>(
        `SELECT hash_key AS key, (
           SELECT count(*)::int4 FROM erasures WHERE status IN ('queued', 'running') AND project_id = $1
         ) AS open FROM erasure_state`,
        [projectId],
      );
      if (state === undefined) throw new TypeError('The table erasure_state has no row.');
      const hash = hashUser(state.key, projectId, userId);
      // Skipped: the eraser ends it just now, and may be waiting for what this transaction locks.
      const [queued] = await tx.query<{ id: string }>(
        `UPDATE erasures SET before = greatest(before, ${BEFORE}) WHERE id = (
           SELECT id FROM erasures WHERE project_id = $2 AND user_hash = $3 AND status = 'queued'
           LIMIT 1 FOR UPDATE SKIP LOCKED
         ) RETURNING id`,
        [this.skewMs, projectId, hash],
      );
      if (queued !== undefined) return queued.id;
      if (state.open >= MAX_OPEN) throw new TooManyErasuresError();
      const id = uuidV7();
      await raiseVersion(tx);
      await tx.query(
        `INSERT INTO erasures (id, project_id, user_hash, user_id, before) VALUES ($2, $3, $4, $5, ${BEFORE})`,
        [this.skewMs, id, projectId, hash, userId],
      );
      return id;
    });
  }

  /** @param id a UUID. @returns undefined when the project has no such erasure. */
  async find(projectId: number, id: string): Promise<StoredErasure | undefined> {
    const [row] = await this.database.query<Row>(
      `SELECT status, removed_hot::float8 AS hot, removed_cold::float8 AS cold,
         removed_dead_letters::float8 AS dead_letters, removed_user_days::float8 AS user_days
       FROM erasures WHERE id = $1 AND project_id = $2`,
      [id, projectId],
    );
    if (row === undefined) return undefined;
    const { status, hot, cold, dead_letters: deadLetters, user_days: userDays } = row;
    return { status, removed: { hot, cold, deadLetters, userDays } };
  }
}

/** In the transaction in which an erasure begins or ends. */
export async function raiseVersion(tx: Queryable): Promise<void> {
  await tx.query('UPDATE erasure_state SET version = version + 1');
}
