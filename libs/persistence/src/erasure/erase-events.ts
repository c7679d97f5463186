import { uuidArray } from '../binary-array';
import type { Queryable, Transaction } from '../database';
import { ERASED } from '../ledger';
import { removeEvents } from '../rollups/remove-events';
import type { DaysLeft } from '../rollups/remove-user-days';
import type { ErasedUser } from './user-place.port';

/** What is known of an event of the user when it is removed. */
export interface GoneEvent {
  readonly eventId: string;
  readonly name: string;
  readonly occurredAt: Date;
  readonly amount: number | undefined;
}

/**
 * Leaves of events of a user their ids, never to be stored again, in the transaction that removes them.
 *
 * @returns on how many days the user is no longer counted as active.
 * @throws {BatchTooLargeError} see `removeEvents`; never of 25 days.
 */
export async function eraseEvents(
  tx: Transaction,
  user: ErasedUser,
  events: readonly GoneEvent[],
  daysLeft: DaysLeft,
): Promise<number> {
  await markErased(tx, user, events);
  return takeFromNumbers(tx, user, events, daysLeft);
}

/** First, and in the order of the key, as those do who count duplicates. */
export async function markErased(
  tx: Queryable,
  { projectId }: ErasedUser,
  events: readonly { readonly eventId: string }[],
): Promise<void> {
  await tx.query(
    `UPDATE event_ids i SET state = ${ERASED}, ingest_id = NULL
     FROM (
       SELECT project_id, event_id FROM event_ids WHERE project_id = $1 AND event_id = ANY ($2::uuid[])
       ORDER BY project_id, event_id FOR UPDATE
     ) AS locked
     WHERE i.project_id = locked.project_id AND i.event_id = locked.event_id`,
    [projectId, uuidArray(events, ({ eventId }) => eventId)],
  );
}

export async function takeFromNumbers(
  tx: Transaction,
  user: ErasedUser,
  events: readonly GoneEvent[],
  daysLeft: DaysLeft,
): Promise<number> {
  const { projectId } = user;
  return removeEvents(
    tx,
    user,
    events.map(({ name, occurredAt, amount }) => ({ projectId, name, occurredAt, amount })),
    daysLeft,
  );
}
