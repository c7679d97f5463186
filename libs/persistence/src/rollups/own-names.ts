import { int4Array, textArray } from '../binary-array';
import type { Queryable } from '../database';
import type { NamesOfDay } from './count-events';
import { dayKeyOf } from './utc-day';

/** Of one project and day. */
export interface OwnNames {
  readonly projectId: number;
  readonly day: number;
  /** Names with a row of their own. */
  readonly own: ReadonlySet<string>;
  /** These are all of them, and no further name gets a row. */
  readonly full: boolean;
}

interface AssignedDay extends OwnNames {
  /** How many of them are new. */
  readonly brought: number;
}

/** Full days of which one transaction reads all names. */
const DAYS_LEARNT = 5;

interface LockedDay extends NamesOfDay {
  /** How many names have a row of their own. */
  readonly taken: number;
}

/**
 * Finds out which names have a row of their own on their day, and gives one to those that are new while there is room,
 * in the order of the alphabet. Who brings a name holds the day's row until the commit: without it two could take the
 * last room, or one could count a name under '' that the other has just given a row.
 *
 * @param days by project and day.
 * @param limit of names per project and day.
 */
export async function assignNames(tx: Queryable, days: readonly NamesOfDay[], limit: number): Promise<OwnNames[]> {
  if (days.length === 0) return [];
  const locked = await lockDays(tx, days);
  const isFull = ({ taken }: LockedDay): boolean => taken >= limit;
  // Of a full day all names are worth knowing, since then nobody asks again; of many days that is too much at once.
  const learnAll = locked.filter(isFull).length <= DAYS_LEARNT;
  const known = await knownNames(tx, locked, (day) => learnAll && isFull(day));
  const assigned = locked.map((day, index) => {
    return { ...assign(day, known[index] ?? new Set(), limit), full: learnAll && isFull(day) };
  });
  await raiseCounts(
    tx,
    assigned.filter(({ brought }) => brought > 0),
  );
  return assigned;
}

/** Which of the names have a row of their own, per day. Until the commit none gets or loses one. */
export async function lockNames(tx: Queryable, days: readonly NamesOfDay[]): Promise<Set<string>[]> {
  return knownNames(tx, await lockDays(tx, days), () => false);
}

function assign(locked: LockedDay, known: ReadonlySet<string>, limit: number): Omit<AssignedDay, 'full'> {
  const { projectId, day, names, taken } = locked;
  const fresh = [...names].filter((name) => !known.has(name)).sort();
  const brought = fresh.slice(0, Math.max(0, limit - taken));
  return { projectId, day, own: new Set([...known, ...brought]), brought: brought.length };
}

/** One statement makes, locks and reads them, in the order given. */
async function lockDays(tx: Queryable, days: readonly NamesOfDay[]): Promise<LockedDay[]> {
  const rows = await tx.query<{ project_id: number; day: number; names: number }>(
    `INSERT INTO day_names AS d (project_id, day, names)
     SELECT u.project_id, date '1970-01-01' + u.day, 0 FROM unnest($1::int4[], $2::int4[]) AS u(project_id, day)
     ON CONFLICT (project_id, day) DO UPDATE SET names = d.names
     RETURNING project_id, day - date '1970-01-01' AS day, names`,
    [int4Array(days, ({ projectId }) => projectId), int4Array(days, ({ day }) => day)],
  );
  const taken = new Map(rows.map(({ project_id, day, names }) => [dayKeyOf(project_id, day), names]));
  return days.map((day) => ({ ...day, taken: taken.get(dayKeyOf(day.projectId, day.day)) ?? 0 }));
}

/** Per day: those of the names asked for that have a row, or all that have one. */
async function knownNames(
  tx: Queryable,
  days: readonly LockedDay[],
  wantsAll: (day: LockedDay) => boolean,
): Promise<Set<string>[]> {
  const wanted = days.flatMap((locked, index) => {
    const { projectId, day, names } = locked;
    const asked = wantsAll(locked) ? [null] : [...names];
    return asked.map((name) => ({ projectId, day, name, index }));
  });
  // After the lock, so that what its last holder has committed is seen.
  const rows = await tx.query<{ index: number; name: string }>(
    `SELECT u.index, m.name
     FROM unnest($1::int4[], $2::int4[], $3::text[], $4::int4[]) AS u(project_id, day, name, index)
     CROSS JOIN LATERAL (
       SELECT name FROM day_metrics
       WHERE project_id = u.project_id AND day = date '1970-01-01' + u.day AND name = u.name
       UNION ALL
       SELECT name FROM day_metrics
       WHERE u.name IS NULL AND project_id = u.project_id AND day = date '1970-01-01' + u.day AND name <> ''
     ) AS m`,
    [
      int4Array(wanted, ({ projectId }) => projectId),
      int4Array(wanted, ({ day }) => day),
      textArray(wanted, ({ name }) => name),
      int4Array(wanted, ({ index }) => index),
    ],
  );
  const known = days.map(() => new Set<string>());
  for (const { index, name } of rows) known[index]?.add(name);
  return known;
}

/** The rows are locked. */
async function raiseCounts(
  tx: Queryable,
  days: readonly { readonly projectId: number; readonly day: number; readonly brought: number }[],
): Promise<void> {
  if (days.length === 0) return;
  await tx.query(
    `UPDATE day_names d SET names = d.names + u.brought
     FROM unnest($1::int4[], $2::int4[], $3::int4[]) AS u(project_id, day, brought)
     WHERE d.project_id = u.project_id AND d.day = date '1970-01-01' + u.day`,
    [
      int4Array(days, ({ projectId }) => projectId),
      int4Array(days, ({ day }) => day),
      int4Array(days, ({ brought }) => brought),
    ],
  );
}
