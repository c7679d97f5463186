import type { Event, JsonObject } from '@app/events';

/** An event as it is read back, with the time at which the database took it. */
export interface StoredEvent extends Event {
  /** By the database's clock. */
  readonly storedAt: Date;
}

/** An event as `eventColumns` reads it. */
export interface StoredEventRow {
  readonly project_id: number;
  readonly event_id: string;
  readonly occurred_at: number;
  readonly received_at: number;
  readonly stored_at: number;
  readonly name: string;
  readonly source: string | null;
  readonly user_id: string | null;
  readonly amount: string | null;
  readonly data: JsonObject;
  readonly context: JsonObject | null;
}

/**
 * The columns of `e` for `fromEventRow`. Times come as milliseconds: the driver's own reading of a timestamp goes
 * through text and the time zone of the session.
 */
export const eventColumns = `e.project_id, e.event_id, e.name, e.source, e.user_id, e.amount, e.data, e.context,
  ${milliseconds('occurred_at')}, ${milliseconds('received_at')}, ${milliseconds('stored_at')}`;

export function fromEventRow(row: StoredEventRow): StoredEvent {
  return {
    projectId: row.project_id,
    eventId: row.event_id,
    name: row.name,
    source: row.source ?? undefined,
    userId: row.user_id ?? undefined,
    occurredAt: new Date(row.occurred_at),
    receivedAt: new Date(row.received_at),
    storedAt: new Date(row.stored_at),
    // The decimal came from a double; the nearest double of it is that one.
    amount: row.amount === null ? undefined : Number(row.amount),
    data: row.data,
    context: row.context ?? undefined,
  };
}

/** A time of `e`, as the driver gives it exactly. */
export function milliseconds(column: string): string {
  return `(extract(epoch FROM e.${column}) * 1000)::float8 AS ${column}`;
}
