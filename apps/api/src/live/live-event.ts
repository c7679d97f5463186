import { decodeStorableEvent, MalformedEventError, type StorableEvent } from '@app/events';
import { projectOf, readRefusal, type LogRecord } from '@app/messaging';
import type { EventFilter } from '@app/persistence';

/** Whose events, and which of them. */
export interface LiveFilter extends EventFilter {
  readonly projectId: number;
}

/** An event where it stands on the log. */
export interface LiveEvent {
  readonly event: StorableEvent;
  readonly partition: number;
  readonly offset: number;
  /** Estimate of what it takes of the memory. */
  readonly bytes: number;
}

/** An event on its way to a subscriber; one who goes on from `position` gets what comes after it. */
export interface PlacedEvent extends LiveEvent {
  readonly position: string;
}

/** The objects of an event, its text, and what is made of it once for all subscribers. */
const BYTES_PER_BYTE = 3;
const BYTES_BESIDES = 600;

/**
 * The event of a record, as consumers read it; undefined where they would make a dead letter of it. What only PostgreSQL
 * refuses is not known here.
 *
 * @throws {NewerVersionError} a newer replica has written it, and has to show it: here it would be missing.
 */
export function readLiveEvent(record: LogRecord, partition: number): LiveEvent | undefined {
  const { value, offset } = record;
  const projectId = projectOf(record);
  if (value === null || projectId === undefined || readRefusal(record.headers) !== undefined) return undefined;
  try {
    const event = decodeStorableEvent(value, projectId);
    return { event, partition, offset, bytes: value.length * BYTES_PER_BYTE + BYTES_BESIDES };
  } catch (error) {
    if (error instanceof MalformedEventError) return undefined;
    throw error;
  }
}

export function matches(event: StorableEvent, filter: LiveFilter): boolean {
  const { projectId, name, source, userId, from, to } = filter;
  return (
    event.projectId === projectId &&
    (name === undefined || event.name === name) &&
    (source === undefined || event.source === source) &&
    (userId === undefined || event.userId === userId) &&
    (from === undefined || event.occurredAt >= from) &&
    (to === undefined || event.occurredAt < to)
  );
}

/** Equal for filters that match the same events. */
export function filterKey({ projectId, name, source, userId, from, to }: LiveFilter): string {
  return JSON.stringify([projectId, name ?? null, source ?? null, userId ?? null, from ?? null, to ?? null]);
}
