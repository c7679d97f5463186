import type { JsonObject } from '@app/events';
import type { StoredEvent } from '@app/persistence';

/** An event as clients read it. Members that an event does not have are null, so that every event has all of them. */
export interface EventDto {
  readonly event_id: string;
  readonly name: string;
  readonly source: string | null;
  readonly user_id: string | null;
  readonly occurred_at: string;
  readonly received_at: string;
  readonly stored_at: string;
  readonly amount: number | null;
  readonly data: JsonObject;
  readonly context: JsonObject | null;
}

/** A page of a list; `next_cursor` leads to the next one and is null at the end. */
export interface EventPageDto {
  readonly data: readonly EventDto[];
  readonly next_cursor: string | null;
}

export function toEventDto(event: StoredEvent): EventDto {
  return {
    event_id: event.eventId,
    name: event.name,
    source: event.source ?? null,
    user_id: event.userId ?? null,
    occurred_at: event.occurredAt.toISOString(),
    received_at: event.receivedAt.toISOString(),
    stored_at: event.storedAt.toISOString(),
    amount: event.amount ?? null,
    data: event.data,
    context: event.context ?? null,
  };
}
