import type { StorableEvent } from '@app/events';
import { int4Array, textArray } from '../binary-array';
import type { Queryable } from '../database';
import { RETENTION_DAYS, type ActivityChange } from './user-activity';
import { dayKeyOf, dayOf } from './utc-day';

/** A user was active on a day (days since 1970-01-01, UTC). */
export interface DayUser {
  readonly projectId: number;
  readonly day: number;
  readonly userId: string;
}

interface User {
  readonly projectId: number;
  readonly userId: string;
  /** Asked for, then those that are new; by day. */
  days: number[];
  /** Undefined of a new user. */
  firstBefore: number | undefined;
}

/**
 * Pure.
 *
 * @param isKnown of a project and day, as a key, a user, and the project.
 * @returns each pair that is not known once, by project, user and day.
 */
export function unknownPairs(
  events: readonly { readonly event: StorableEvent }[],
  isKnown: (dayKey: number, userId: string, projectId: number) => boolean,
): DayUser[] {
  const found = new Map<number, Set<string>>();
  const pairs: DayUser[] = [];
  for (const { event } of events) {
    const { projectId, userId } = event;
    if (userId === undefined) continue;
    const day = dayOf(event.occurredAt.getTime());
    const dayKey = dayKeyOf(projectId, day);
    if (isKnown(dayKey, userId, projectId)) continue;
    let users = found.get(dayKey);
    if (users === undefined) found.set(dayKey, (users = new Set()));
    if (users.has(userId)) continue;
    users.add(userId);
    pairs.push({ projectId, day, userId });
  }
  return pairs.sort(byUserAndDay);
}

function byUserAndDay(a: DayUser, b: DayUser): number {
  if (a.projectId !== b.projectId) return a.projectId - b.projectId;
  if (a.userId !== b.userId) return a.userId < b.userId ? -1 : 1;
  return a.day - b.day;
}

/**
 * Writes users and the days on which they were active.
 *
 * Two transactions may bring days of one user: a producer of its own, or another number of partitions, spreads them over
 * the log. What the second one adds depends on what the first one has added, so each holds the rows of its users until
 * its commit and looks at their days after that.
 *
 * @param pairs each once, by project, user and day. Who is in them already is left as it is.
 * @returns what has changed.
 */
export async function addUserDays(tx: Queryable, pairs: readonly DayUser[]): Promise<ActivityChange[]> {
  if (pairs.length === 0) return [];
  const users = byUser(pairs);
  // Who was there and is gone when they are to be locked was erased in between, and is made anew.
  for (let missing = users; missing.length > 0;) {
    const known = await addUsers(tx, missing);
    await lockUsers(tx, known);
    missing = known.filter(({ firstBefore }) => firstBefore === undefined);
  }
  await addDays(tx, users);
  const changed = users.filter(({ days }) => days.length > 0);
  const changes = await withTheirDays(tx, changed);
  await moveFirstDays(tx, changed);
  return changes;
}

function byUser(pairs: readonly DayUser[]): User[] {
  const users: User[] = [];
  for (const { projectId, userId, day } of pairs) {
    const last = users.at(-1);
    if (last?.userId === userId && last.projectId === projectId) last.days.push(day);
    else users.push({ projectId, userId, days: [day], firstBefore: undefined });
  }
  return users;
}

/** Makes who is missing, with the first of their days. @returns who was there. */
async function addUsers(tx: Queryable, users: readonly User[]): Promise<User[]> {
  const rows = await tx.query<{ n: number }>(
    `WITH added AS (
       INSERT INTO users (project_id, user_id, first_day)
       SELECT u.project_id, u.user_id, date '1970-01-01' + u.day
       FROM unnest($1::int4[], $2::text[], $3::int4[]) AS u(project_id, user_id, day)
       ON CONFLICT DO NOTHING
       RETURNING project_id, user_id, first_day
     ), first_days AS (
       INSERT INTO user_days (project_id, user_id, day) SELECT project_id, user_id, first_day FROM added
     )
     SELECT u.n::int4 FROM unnest($1::int4[], $2::text[]) WITH ORDINALITY AS u(project_id, user_id, n)
     WHERE (SELECT count(*) FROM added) < cardinality($1::int4[])
       AND NOT EXISTS (SELECT FROM added a WHERE a.project_id = u.project_id AND a.user_id = u.user_id)
     ORDER BY u.n`,
    [...keysOf(users), int4Array(users, ({ days }) => days[0] ?? 0)],
  );
  return rows.map(({ n }) => users[n - 1]).filter((user) => user !== undefined);
}

/** In the order in which they are made, and reads their first day. Those that this transaction has made are its own. */
async function lockUsers(tx: Queryable, users: readonly User[]): Promise<void> {
  if (users.length === 0) return;
  const rows = await tx.query<{ n: number; first: number }>(
    `SELECT u.n::int4, users.first_day - date '1970-01-01' AS first
     FROM unnest($1::int4[], $2::text[]) WITH ORDINALITY AS u(project_id, user_id, n)
       JOIN users USING (project_id, user_id)
     ORDER BY u.n FOR NO KEY UPDATE OF users`,
    keysOf(users),
  );
  for (const { n, first } of rows) {
    const user = users[n - 1];
    if (user !== undefined) user.firstBefore = first;
  }
}

/** Leaves in `days` of each user those that are new. The first one of a new user is there already, and is new. */
async function addDays(tx: Queryable, users: readonly User[]): Promise<void> {
  const asked = users.flatMap((user) => {
    const { projectId, userId, days, firstBefore } = user;
    return (firstBefore === undefined ? days.slice(1) : days).map((day) => ({ user, projectId, userId, day }));
  });
  if (asked.length === 0) return;
  const there = await tx.query<{ n: number }>(
    `WITH added AS (
       INSERT INTO user_days (project_id, user_id, day)
       SELECT u.project_id, u.user_id, date '1970-01-01' + u.day
       FROM unnest($1::int4[], $2::text[], $3::int4[]) AS u(project_id, user_id, day)
       ON CONFLICT DO NOTHING
       RETURNING project_id, user_id, day
     )
     SELECT u.n::int4 FROM unnest($1::int4[], $2::text[], $3::int4[]) WITH ORDINALITY AS u(project_id, user_id, day, n)
     WHERE (SELECT count(*) FROM added) < cardinality($1::int4[]) AND NOT EXISTS (
       SELECT FROM added a
       WHERE a.project_id = u.project_id AND a.user_id = u.user_id AND a.day = date '1970-01-01' + u.day
     )`,
    [...keysOf(asked), int4Array(asked, ({ day }) => day)],
  );
  for (const { n } of there) {
    const known = asked[n - 1];
    if (known !== undefined) known.user.days = known.user.days.filter((day) => day !== known.day);
  }
}

/** A new user has no other days. Of others those are read that the new ones make a pair with. */
async function withTheirDays(tx: Queryable, users: readonly User[]): Promise<ActivityChange[]> {
  const known = users.filter(({ firstBefore }) => firstBefore !== undefined);
  const found = new Map<User, number[]>();
  if (known.length > 0) {
    const rows = await tx.query<{ n: number; days: string }>(
      `SELECT u.n::int4, d.days
       FROM unnest($1::int4[], $2::text[], $3::int4[], $4::int4[]) WITH ORDINALITY AS u(project_id, user_id, since, till, n)
       CROSS JOIN LATERAL (
         SELECT string_agg((day - date '1970-01-01')::text, ',') AS days FROM user_days
         WHERE project_id = u.project_id AND user_id = u.user_id
           AND day >= date '1970-01-01' + u.since AND day <= date '1970-01-01' + u.till
       ) AS d`,
      [
        ...keysOf(known),
        int4Array(known, ({ days }) => (days[0] ?? 0) - RETENTION_DAYS),
        int4Array(known, ({ days, firstBefore }) => Math.max(days.at(-1) ?? 0, firstBefore ?? 0) + RETENTION_DAYS),
      ],
    );
    for (const { n, days } of rows) {
      const user = known[n - 1];
      if (user !== undefined) found.set(user, days.split(',').map(Number));
    }
  }
  return users.map((user) => {
    const { projectId, firstBefore, days: added } = user;
    return { projectId, firstBefore, added, days: found.get(user) ?? added };
  });
}

/** The rows are locked. */
async function moveFirstDays(tx: Queryable, users: readonly User[]): Promise<void> {
  const earlier = users.filter(({ firstBefore, days }) => firstBefore !== undefined && (days[0] ?? 0) < firstBefore);
  if (earlier.length === 0) return;
  await tx.query(
    `UPDATE users SET first_day = date '1970-01-01' + u.day
     FROM unnest($1::int4[], $2::text[], $3::int4[]) AS u(project_id, user_id, day)
     WHERE users.project_id = u.project_id AND users.user_id = u.user_id`,
    [...keysOf(earlier), int4Array(earlier, ({ days }) => days[0] ?? 0)],
  );
}

function keysOf(rows: readonly { readonly projectId: number; readonly userId: string }[]): [Buffer, Buffer] {
  return [int4Array(rows, ({ projectId }) => projectId), textArray(rows, ({ userId }) => userId)];
}
