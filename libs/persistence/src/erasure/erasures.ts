import { uuidV7 } from '@app/events';
import type { Database, Queryable } from '../database';
import { hashUser } from './user-hash';

/** How far apart the clocks of the API's replicas and of PostgreSQL may be. */
export const CLOCK_SKEW_MS = 1000;

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

/** Takes requests to erase a user, and tells how far they are; `Eraser` does the work. */
export class Erasures {
  /** @param skewMs see CLOCK_SKEW_MS. */
  constructor(
    private readonly database: Database,
    private readonly skewMs = CLOCK_SKEW_MS,
  ) {}

  /**
   * Asks that everything of a user that was received until now is removed and refused from now on. Safe to repeat.
   *
   * An event bears the time of the replica that took it. With what one whose clock is ahead has taken before this
   * moment, whatever any takes in the next second counts as before.
   *
   * @returns the erasure's id.
   */
  async request(projectId: number, userId: string): Promise<string> {
    const id = uuidV7();
    await this.database.transaction(async (tx) => {
      const hash = hashUser(await raiseVersion(tx), projectId, userId);
      await tx.query(
        `INSERT INTO erasures (id, project_id, user_hash, user_id, before)
         VALUES ($1, $2, $3, $4, date_trunc('milliseconds', clock_timestamp()) + $5 * interval '1 ms')`,
        [id, projectId, hash, userId, this.skewMs],
      );
    });
    return id;
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

/** In the transaction in which an erasure begins or ends. @returns the key of the hashes. */
export async function raiseVersion(tx: Queryable): Promise<Buffer> {
  const [state] = await tx.query<{ key: Buffer }>(
    'UPDATE erasure_state SET version = version + 1 RETURNING hash_key AS key',
  );
  if (state === undefined) throw new TypeError('The table erasure_state has no row.');
  return state.key;
}
