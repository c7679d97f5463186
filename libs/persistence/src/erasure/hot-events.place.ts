import { BatchTooLargeError } from '../batch-too-large.error';
import { int4Array, timestamptzArray, uuidArray } from '../binary-array';
import type { Queryable, Transaction } from '../database';
import { equal, Parameters } from '../event-filter';
import { markErased, takeFromNumbers, type GoneEvent } from './erase-events';
import { UserPlace, type ErasedUser, type ErasureWork, type Left } from './user-place.port';

/** Events of one transaction: some ten milliseconds. */
const AT_ONCE = 500;

interface Found {
  readonly eventId: string;
  /** Milliseconds since 1970. */
  readonly occurred: number;
}

/** The events in PostgreSQL, and with them their part of every number. Of each the ledger keeps the id. */
export class HotEvents extends UserPlace {
  override async erase(user: ErasedUser, work: ErasureWork): Promise<Left> {
    for (let limit = AT_ONCE; ; limit = Math.ceil(limit / 2)) {
      try {
        const erased = await work.transaction((tx) => eraseSome(tx, user, limit, work));
        if (erased === undefined) return 'locked';
        return erased.removed.hot === 0 ? 'nothing' : 'something';
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
): Promise<{ removed: { hot: number; userDays: number } }> {
  const found = await oldest(tx, user, limit);
  if (found.length === 0) return { removed: { hot: 0, userDays: 0 } };
  await markErased(tx, user, found);
  const gone = await remove(tx, user, found);
  const userDays = await takeFromNumbers(tx, user, gone, (days) => work.daysLeft(tx, days));
  return { removed: { hot: gone.length, userDays } };
}

async function oldest(tx: Queryable, user: ErasedUser, limit: number): Promise<Found[]> {
  const { projectId, userId, before } = user;
  const parameters = new Parameters();
  return tx.query<Found>(
    `SELECT event_id AS "eventId", (extract(epoch FROM occurred_at) * 1000)::float8 AS occurred FROM events e
     WHERE e.project_id = ${parameters.add(projectId)} AND ${equal(parameters, projectId, 'user_id', userId)}
       AND e.received_at < ${parameters.add(before.toISOString())}::timestamptz
     ORDER BY e.occurred_at, e.event_id LIMIT ${parameters.add(limit)}`,
    parameters.values,
  );
}

async function remove(tx: Queryable, { projectId }: ErasedUser, found: readonly Found[]): Promise<GoneEvent[]> {
  const rows = await tx.query<Found & { readonly name: string; readonly amount: string | null }>(
    `DELETE FROM events e USING unnest($2::timestamptz[], $3::uuid[]) AS u(occurred_at, event_id)
     WHERE e.project_id = $1 AND e.occurred_at = u.occurred_at AND e.event_id = u.event_id
     RETURNING e.event_id AS "eventId", (extract(epoch FROM e.occurred_at) * 1000)::float8 AS occurred, e.name,
       e.amount::text AS amount`,
    [projectId, timestamptzArray(found, ({ occurred }) => occurred), uuidArray(found, ({ eventId }) => eventId)],
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
