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
 * @param projects undefined for other ones, too: reading costs more than looking whose it is.
 * @throws {NewerVersionError} a newer replica has written it, and has to show it: here it would be missing.
 */
export function readLiveEvent(
  record: LogRecord,
  partition: number,
  projects?: ReadonlySet<number>,
): LiveEvent | undefined {
  const { value, offset } = record;
  const projectId = projectOf(record);
  if (projects !== undefined && (projectId === undefined || !projects.has(projectId))) return undefined;
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

const keys = new WeakMap<LiveFilter, string>();

/** Equal for filters that match the same events. */
export function filterKey(filter: LiveFilter): string {
  const known = keys.get(filter);
  if (known !== undefined) return known;
  const { projectId, name, source, userId, from, to } = filter;
  const key = JSON.stringify([projectId, name ?? null, source ?? null, userId ?? null, from ?? null, to ?? null]);
  keys.set(filter, key);
  return key;
}
