import { BatchTooLargeError } from '../batch-too-large.error';
import { int4Array, uuidArray } from '../binary-array';
import type { Queryable, Transaction } from '../database';
import { equal, Parameters } from '../event-filter';
import { markErased, takeFromNumbers, type GoneEvent } from './erase-events';
import { UserPlace, type ErasedUser, type ErasureWork, type Left } from './user-place.port';

/** Events of one transaction: some ten milliseconds. */
const AT_ONCE = 500;

/** Events of the user that are looked at for them: what was received later is passed, too. */
const LOOKED_AT_ONCE = 5000;

interface Place {
  readonly eventId: string;
  /** As PostgreSQL writes it: with microseconds, which nobody but its operator can give an event. */
  readonly occurredAt: string;
}

/**
 * The events in PostgreSQL, and with them their part of every number. Of each the ledger keeps the id. How far it has come
 * is kept with the erasure: what comes later and is behind that is refused, or was received later.
 */
export class HotEvents extends UserPlace {
  override async erase(user: ErasedUser, work: ErasureWork): Promise<Left> {
    for (let limit = AT_ONCE; ; limit = Math.ceil(limit / 2)) {
      try {
        const erased = await work.transaction((tx) => eraseSome(tx, user, limit, work));
        if (erased === undefined) return 'locked';
        return erased.through === undefined ? 'nothing' : 'something';
      } catch (error) {
        // Years of days at once change too many rows of retention.
        if (!(error instanceof BatchTooLargeError) || limit === 1) throw error;
      }
    }
  }

  override daysLeft(tx: Queryable, user: ErasedUser, days: readonly number[]): Promise<ReadonlySet<number>> {
    return daysLeft(tx, user, days);
  }
}

async function eraseSome(
  tx: Transaction,
  user: ErasedUser,
  limit: number,
  work: ErasureWork,
): Promise<{ through: Place | undefined; removed: { hot: number; userDays: number } }> {
  const after = await reached(tx, user);
  const found = await next(tx, user, after, limit);
  const through = found.length === limit ? found.at(-1) : ((await lastLookedAt(tx, user, after)) ?? found.at(-1));
  if (through !== undefined) await reach(tx, user, through);
  if (found.length === 0) return { through, removed: { hot: 0, userDays: 0 } };
  await markErased(tx, user, found);
  const gone = await remove(tx, user, found);
  // Else the ledger would say of the others that they are erased, and the erasure that nothing is left.
  if (gone.length !== found.length) throw new TypeError('Events that are to be erased cannot be removed.');
  const userDays = await takeFromNumbers(tx, user, gone, (days) => work.daysLeft(tx, days));
  return { through, removed: { hot: gone.length, userDays } };
}

async function reached(tx: Queryable, { erasureId }: ErasedUser): Promise<Place | undefined> {
  const [place] = await tx.query<Place>(
    `SELECT hot_through_id AS "eventId", hot_through_at::text AS "occurredAt" FROM erasures
     WHERE id = $1 AND hot_through_id IS NOT NULL`,
    [erasureId],
  );
  return place;
}

async function reach(tx: Queryable, { erasureId }: ErasedUser, { occurredAt, eventId }: Place): Promise<void> {
  await tx.query('UPDATE erasures SET hot_through_at = $2::timestamptz, hot_through_id = $3::uuid WHERE id = $1', [
    erasureId,
    occurredAt,
    eventId,
  ]);
}

/** What was received before, of as many as are looked at. A record says when; nothing was received after it was stored. */
async function next(tx: Queryable, user: ErasedUser, after: Place | undefined, limit: number): Promise<Place[]> {
  const parameters = new Parameters();
  return tx.query<Place>(
    `SELECT event_id AS "eventId", occurred_at::text AS "occurredAt"
     FROM (SELECT * FROM ${stretch(parameters, user, after)} LIMIT ${LOOKED_AT_ONCE}) AS looked_at
     WHERE least(received_at, stored_at) < ${parameters.add(user.before.toISOString())}::timestamptz
     ORDER BY occurred_at, event_id LIMIT ${parameters.add(limit)}`,
    parameters.values,
  );
}

/** @returns undefined when fewer are left than are looked at. */
async function lastLookedAt(tx: Queryable, user: ErasedUser, after: Place | undefined): Promise<Place | undefined> {
  const parameters = new Parameters();
  const [place] = await tx.query<Place>(
    `SELECT event_id AS "eventId", occurred_at::text AS "occurredAt"
     FROM ${stretch(parameters, user, after)} OFFSET ${LOOKED_AT_ONCE - 1} LIMIT 1`,
    parameters.values,
  );
  return place;
}

function stretch(parameters: Parameters, { projectId, userId }: ErasedUser, after: Place | undefined): string {
  const parts = [`e.project_id = ${parameters.add(projectId)}`, equal(parameters, projectId, 'user_id', userId)];
  if (after !== undefined) {
    const at = `${parameters.add(after.occurredAt)}::timestamptz`;
    // The first half says nothing new, but lets the planner leave out the partitions of earlier days.
    parts.push(
      `e.occurred_at >= ${at}`,
      `(e.occurred_at, e.event_id) > (${at}, ${parameters.add(after.eventId)}::uuid)`,
    );
  }
  return `events e WHERE ${parts.join(' AND ')} ORDER BY e.occurred_at, e.event_id`;
}

async function remove(tx: Queryable, { projectId }: ErasedUser, found: readonly Place[]): Promise<GoneEvent[]> {
  const rows = await tx.query<
    Omit<GoneEvent, 'occurredAt' | 'amount'> & { readonly occurred: number; readonly amount: string | null }
  >(
    `DELETE FROM events e USING unnest($2::timestamptz[], $3::uuid[]) AS u(occurred_at, event_id)
     WHERE e.project_id = $1 AND e.occurred_at = u.occurred_at AND e.event_id = u.event_id
     RETURNING e.event_id AS "eventId", (extract(epoch FROM e.occurred_at) * 1000)::float8 AS occurred, e.name,
       e.amount::text AS amount`,
    [projectId, found.map(({ occurredAt }) => occurredAt), uuidArray(found, ({ eventId }) => eventId)],
  );
  return rows.map(({ eventId, occurred, name, amount }) => {
    return { eventId, name, occurredAt: new Date(occurred), amount: amount === null ? undefined : Number(amount) };
  });
}

/** Whatever was received when. */
async function daysLeft(tx: Queryable, user: ErasedUser, days: readonly number[]): Promise<ReadonlySet<number>> {
  const { projectId, userId } = user;
  const parameters = new Parameters();
  const asked = parameters.add(int4Array(days, (day) => day));
  const rows = await tx.query<{ day: number }>(
    `SELECT d.day FROM unnest(${asked}::int4[]) AS d(day)
     CROSS JOIN LATERAL (
       SELECT FROM events e
       WHERE e.project_id = ${parameters.add(projectId)} AND ${equal(parameters, projectId, 'user_id', userId)}
         AND e.occurred_at >= (date '1970-01-01' + d.day)::timestamp AT TIME ZONE 'UTC'
         AND e.occurred_at < (date '1970-01-01' + d.day + 1)::timestamp AT TIME ZONE 'UTC'
       LIMIT 1
     ) AS e`,
    parameters.values,
  );
  return new Set(rows.map(({ day }) => day));
}
