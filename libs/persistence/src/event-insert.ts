import { int4Array, jsonbArray, textArray, timestamptzArray, uuidArray } from './binary-array';
import type { Prepared, Transaction } from './database';
import type { PlacedEvent } from './ledger';

const INSERT: Prepared = {
  name: 'insert-events',
  sql: `INSERT INTO events
     (project_id, event_id, occurred_at, received_at, name, source, user_id, amount, data, context)
   SELECT u.project_id, u.event_id, u.occurred_at, u.received_at, u.name, u.source, u.user_id,
     u.amount::numeric, u.data, u.context
   FROM unnest($1::int4[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
     $8::text[], $9::jsonb[], $10::jsonb[])
     AS u(project_id, event_id, occurred_at, received_at, name, source, user_id, amount, data, context)`,
};

/**
 * Writes the rows of events that are new to the ledger.
 *
 * Backend CPU per row of 300 bytes, 5000 rows a transaction, medians of 14 in turns on a busy machine: 18.4 µs, 10.0 without
 * the indexes of the lists. Other forms took more: `text[]` with `data::jsonb` per row, ledger and events in one
 * statement, pg's text arrays, COPY to a temporary table. Binary COPY takes 16.5, and no time-out of PostgreSQL ends a
 * backend that waits for the next part of it: the successor of a consumer that stopped there would wait for ever.
 */
export async function insertEvents(tx: Transaction, events: readonly PlacedEvent[]): Promise<void> {
  if (events.length === 0) return;
  await tx.execute(INSERT, [
    int4Array(events, ({ event }) => event.projectId),
    uuidArray(events, ({ event }) => event.eventId),
    timestamptzArray(events, ({ event }) => event.occurredAt.getTime()),
    timestamptzArray(events, ({ event }) => event.receivedAt.getTime()),
    textArray(events, ({ event }) => event.name),
    textArray(events, ({ event }) => event.source),
    textArray(events, ({ event }) => event.userId),
    // The shortest text that gives the same double again; PostgreSQL takes it as a decimal, digit by digit.
    textArray(events, ({ event }) => event.amount?.toString()),
    jsonbArray(events, ({ event }) => event.data),
    jsonbArray(events, ({ event }) => event.context),
  ]);
}
