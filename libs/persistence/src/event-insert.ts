import { CopyRows } from './copy-rows';
import type { Transaction } from './database';
import type { PlacedEvent } from './ledger';

const COPY = `COPY events
  (occurred_at, received_at, event_id, project_id, name, source, user_id, amount, data, context)
FROM STDIN (FORMAT binary)`;

/**
 * Writes the rows of events that are new to the ledger.
 *
 * COPY writes many rows into a page and its log record at a time, and plans nothing. Backend CPU per row of 300 bytes, 5000 rows a
 * transaction, medians of 14 in turns on a busy machine: 16.5 µs, from `unnest` of binary arrays 18.4 (without the indexes
 * of the lists 8.0 and 10.0).
 */
export async function insertEvents(tx: Transaction, events: readonly PlacedEvent[]): Promise<void> {
  if (events.length === 0) return;
  const rows = new CopyRows(10);
  for (const { event } of events) {
    rows.begin().timestamptz(event.occurredAt).timestamptz(event.receivedAt).uuid(event.eventId).int4(event.projectId);
    rows.text(event.name).text(event.source).text(event.userId).numeric(event.amount);
    rows.jsonb(event.data).jsonb(event.context);
  }
  await tx.copyIn(COPY, rows.messages());
}
