import { BatchTooLargeError } from '../batch-too-large.error';
import { int4Array, timestamptzArray, uuidArray } from '../binary-array';
import type { Queryable, Transaction } from '../database';
import { equal, Parameters } from '../event-filter';
import { ERASED } from '../ledger';
import type { CountedEvent } from '../rollups/count-events';
import { removeEvents } from '../rollups/remove-events';
import { UserPlace, type ErasedUser, type EraserTransaction } from './user-place.port';

/** Events of one transaction: some ten milliseconds. */
const AT_ONCE = 500;

interface Found {
  readonly event_id: string;
  /** Milliseconds since 1970. */
  readonly occurred: number;
}

type Gone = Found & { readonly name: string; readonly amount: string | null };

/** The events in PostgreSQL, and with them their part of every number. Of each the ledger keeps the id. */
export class HotEvents extends UserPlace {
  async erase(user: ErasedUser, transaction: EraserTransaction): Promise<boolean> {
    for (let limit = AT_ONCE; ; limit = Math.ceil(limit / 2)) {
      try {
        const erased = await transaction((tx) => eraseSome(tx, user, limit));
        return erased?.removed.hot === 0;
      } catch (error) {
        // Years of days at once change too many rows of retention.
        if (!(error instanceof BatchTooLargeError) || limit === 1) throw error;
      }
    }
  }
}

async function eraseSome(
  tx: Transaction,
  user: ErasedUser,
  limit: number,
): Promise<{ removed: { hot: number; userDays: number } }> {
  const found = await oldest(tx, user, limit);
  if (found.length === 0) return { removed: { hot: 0, userDays: 0 } };
  await markErased(tx, user, found);
  const gone = await remove(tx, user, found);
  const events = gone.map(({ occurred, name, amount }): CountedEvent => {
    const { projectId } = user;
    return { projectId, name, occurredAt: new Date(occurred), amount: amount === null ? undefined : Number(amount) };
  });
  const userDays = await removeEvents(tx, user, events, (days) => daysLeft(tx, user, days));
  return { removed: { hot: gone.length, userDays } };
}

async function oldest(tx: Queryable, user: ErasedUser, limit: number): Promise<Found[]> {
  const { projectId, userId, before } = user;
  const parameters = new Parameters();
  return tx.query<Found>(
    `SELECT event_id, (extract(epoch FROM occurred_at) * 1000)::float8 AS occurred FROM events e
     WHERE e.project_id = ${parameters.add(projectId)} AND ${equal(parameters, projectId, 'user_id', userId)}
       AND e.received_at < ${parameters.add(before.toISOString())}::timestamptz
     ORDER BY e.occurred_at, e.event_id LIMIT ${parameters.add(limit)}`,
    parameters.values,
  );
}

/** First, and in the order of the key, as those do who count duplicates. */
async function markErased(tx: Queryable, { projectId }: ErasedUser, found: readonly Found[]): Promise<void> {
  await tx.query(
    `UPDATE event_ids i SET state = ${ERASED}, ingest_id = NULL
     FROM (
       SELECT project_id, event_id FROM event_ids WHERE project_id = $1 AND event_id = ANY ($2::uuid[])
       ORDER BY project_id, event_id FOR UPDATE
     ) AS locked
     WHERE i.project_id = locked.project_id AND i.event_id = locked.event_id`,
    [projectId, uuidArray(found, ({ event_id }) => event_id)],
  );
}

async function remove(tx: Queryable, { projectId }: ErasedUser, found: readonly Found[]): Promise<Gone[]> {
  return tx.query<Gone>(
    `DELETE FROM events e USING unnest($2::timestamptz[], $3::uuid[]) AS u(occurred_at, event_id)
     WHERE e.project_id = $1 AND e.occurred_at = u.occurred_at AND e.event_id = u.event_id
     RETURNING e.event_id, (extract(epoch FROM e.occurred_at) * 1000)::float8 AS occurred, e.name, e.amount::text AS amount`,
    [projectId, timestamptzArray(found, ({ occurred }) => occurred), uuidArray(found, ({ event_id }) => event_id)],
  );
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
