import type { JsonObject } from '@app/events';
import type { ArchivedTimes, StoredEvent } from '@app/persistence';

/** An event as `segmentColumns` reads it. */
export interface SegmentRow {
  readonly project_id: number;
  readonly id: string;
  readonly occurred_us: bigint;
  readonly received_us: bigint;
  readonly stored_us: bigint;
  readonly name: string;
  readonly source: string | null;
  readonly user_id: string | null;
  readonly decimal: string | null;
  readonly data: string;
  readonly context: string | null;
  /** Of data and context. */
  readonly bytes: number;
}

/** A decimal comes as text: a division to a double would not always give the nearest one. */
export const segmentColumns = `project_id, event_id::VARCHAR AS id, epoch_us(occurred_at) AS occurred_us,
  epoch_us(received_at) AS received_us, epoch_us(stored_at) AS stored_us, name, source, user_id,
  amount::VARCHAR AS decimal, data, context,
  (strlen(data) + coalesce(strlen(context), 0))::DOUBLE AS bytes`;

export function fromSegmentRow(row: SegmentRow): StoredEvent {
  return {
    projectId: row.project_id,
    eventId: row.id,
    name: row.name,
    source: row.source ?? undefined,
    userId: row.user_id ?? undefined,
    occurredAt: toDate(row.occurred_us),
    receivedAt: toDate(row.received_us),
    storedAt: toDate(row.stored_us),
    amount: row.decimal === null ? undefined : Number(row.decimal),
    data: JSON.parse(row.data) as JsonObject,
    context: row.context === null ? undefined : (JSON.parse(row.context) as JsonObject),
  };
}

/** Times of an event, as `timesColumns` reads them. */
export interface TimesRow {
  readonly received_us: bigint;
  readonly stored_us: bigint;
  readonly archived_us: bigint;
}

export const timesColumns = ['received', 'stored', 'archived']
  .map((time) => `epoch_us(${time}_at) AS ${time}_us`)
  .join(', ');

export function fromTimesRow({ received_us, stored_us, archived_us }: TimesRow): ArchivedTimes {
  return { receivedAt: toDate(received_us), storedAt: toDate(stored_us), archivedAt: toDate(archived_us) };
}

function toDate(microseconds: bigint): Date {
  return new Date(Number(microseconds) / 1000);
}
