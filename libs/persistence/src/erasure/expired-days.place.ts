import type { Queryable } from '../database';
import { removeDaysOf } from '../rollups/remove-events';
import { UserPlace, type ErasedUser, type ErasureWork, type Left } from './user-place.port';

/** Fewer than what retention has too many rows for. */
const DAYS_AT_ONCE = 25;

/** The days of a user of which the events were dropped, since they were older than the project keeps them. */
export class ExpiredDays extends UserPlace {
  override async erase(user: ErasedUser, work: ErasureWork): Promise<Left> {
    for (let after = -Infinity; ;) {
      const done = await work.transaction(async (tx) => {
        const days = await nextDays(tx, user, after);
        const userDays = days.length === 0 ? 0 : await removeDaysOf(tx, user, days, (some) => work.daysLeft(tx, some));
        return { last: days.at(-1), removed: { userDays } };
      });
      if (done === undefined) return 'locked';
      if (done.last === undefined) return 'nothing';
      after = done.last;
    }
  }

  override daysLeft(): Promise<ReadonlySet<number>> {
    return Promise.resolve(new Set());
  }
}

async function nextDays(tx: Queryable, user: ErasedUser, after: number): Promise<number[]> {
  const rows = await tx.query<{ day: number }>(
    `SELECT day - date '1970-01-01' AS day FROM user_days
     WHERE project_id = $1 AND user_id = $2 AND day < (SELECT events_from FROM projects WHERE id = $1)
       AND ($3::int4 IS NULL OR day > date '1970-01-01' + $3::int4)
     ORDER BY day LIMIT ${DAYS_AT_ONCE}`,
    [user.projectId, user.userId, Number.isFinite(after) ? after : null],
  );
  return rows.map(({ day }) => day);
}
