import type { Queryable } from '../database';
import { RETENTION_DAYS, type ActivityChange } from './user-activity';

/** Whose events are removed. */
export interface RemovedUser {
  readonly projectId: number;
  readonly userId: string;
}

/** Of days, those of which events of the user are left. */
export type DaysLeft = (days: readonly number[]) => Promise<ReadonlySet<number>>;

const OF_USER = 'project_id = $1 AND user_id = $2';
const DAY = `(day - date '1970-01-01')`;

/**
 * Removes days on which no event of the user is left, and the user with the last of them. The user's row is locked first:
 * what others store on those days is committed and seen, or they wait and find the days gone.
 *
 * @returns the change that would bring them back.
 */
export async function removeDays(
  tx: Queryable,
  user: RemovedUser,
  days: readonly number[],
  daysLeft: DaysLeft,
): Promise<ActivityChange> {
  const { projectId, userId } = user;
  const key = [projectId, userId];
  await tx.query(`SELECT FROM users WHERE ${OF_USER} FOR UPDATE`, key);
  const left = await daysLeft(days);
  const empty = days.filter((day) => !left.has(day));
  const gone = await tx.query<{ day: number }>(
    `DELETE FROM user_days WHERE ${OF_USER} AND day = ANY (SELECT date '1970-01-01' + d FROM unnest($3::int4[]) AS d)
     RETURNING ${DAY} AS day`,
    [...key, empty],
  );
  const added = gone.map(({ day }) => day).sort((a, b) => a - b);
  if (added.length === 0) return { projectId, firstBefore: undefined, added, days: [] };
  const first = await moveFirstDay(tx, key);
  return { projectId, firstBefore: first, added, days: [...(await daysNear(tx, key, added, first)), ...added] };
}

/** @returns the first of the days that are left. */
async function moveFirstDay(tx: Queryable, key: readonly unknown[]): Promise<number | undefined> {
  const [left] = await tx.query<{ first: number | null }>(
    `SELECT min(${DAY}) AS first FROM user_days WHERE ${OF_USER}`,
    key,
  );
  const first = left?.first ?? undefined;
  if (first === undefined) await tx.query(`DELETE FROM users WHERE ${OF_USER}`, key);
  else await tx.query(`UPDATE users SET first_day = date '1970-01-01' + $3::int4 WHERE ${OF_USER}`, [...key, first]);
  return first;
}

/** Those that are left and make a pair with one that is gone, or with what is the first day now. */
async function daysNear(
  tx: Queryable,
  key: readonly unknown[],
  gone: readonly number[],
  first: number | undefined,
): Promise<number[]> {
  const from = (gone[0] ?? 0) - RETENTION_DAYS;
  const to = Math.max(gone.at(-1) ?? 0, first ?? 0) + RETENTION_DAYS;
  const rows = await tx.query<{ day: number }>(
    `SELECT ${DAY} AS day FROM user_days
     WHERE ${OF_USER} AND day >= date '1970-01-01' + $3::int4 AND day <= date '1970-01-01' + $4::int4`,
    [...key, from, to],
  );
  return rows.map(({ day }) => day);
}
