import type { ColdEvents } from './cold-events.port';
import type { Queryable } from './database';
import type { EventPlace } from './event-filter';
import { newestEvents, type EventPage, type PageBounds } from './event-list';
import type { StoredEvent } from './event.mapping';

/**
 * One page of a project's list over both tiers; see `newestEvents`. Manifest and hot rows are of one statement, so that an
 * event that is moved meanwhile is on the page once. The files are read after it: they stay for as long as anybody can
 * know of them.
 */
export async function newestOfBoth(
  database: Queryable,
  cold: ColdEvents,
  projectId: number,
  bounds: PageBounds,
): Promise<EventPage> {
  const { segments, ...hot } = await newestEvents(database, projectId, bounds);
  if (segments.length === 0) return hot;
  const from = latest(bounds.filter?.from, hot.next?.occurredAt);
  const older = await cold.newest(segments, projectId, { ...bounds, filter: { ...bounds.filter, from } });
  return mergePages(hot, older, bounds);
}

/**
 * Pure. One page of two that have no event in common: down to where both are complete, newest first, within the limit and
 * the bytes.
 */
export function mergePages(a: EventPage, b: EventPage, { limit, maxBytes }: PageBounds): EventPage {
  const end = newer(a.next, b.next);
  const complete = [...a.events, ...b.events].filter((event) => end === undefined || !isBehind(event, end));
  complete.sort((one, other) => (isBehind(one, other) ? 1 : -1));
  const { events, bytes } = fitting(complete.slice(0, limit), maxBytes);
  return { events, next: events.length < complete.length ? events.at(-1) : end, bytes };
}

/** The first ones that have no more bytes together; one, whatever it has. */
function fitting(events: readonly StoredEvent[], maxBytes: number): Omit<EventPage, 'next'> {
  let bytes = 0;
  for (const [index, event] of events.entries()) {
    const upTo = bytes + jsonBytes(event);
    if (upTo > maxBytes && index > 0) return { events: events.slice(0, index), bytes };
    bytes = upTo;
  }
  return { events, bytes };
}

/** Of `data` and `context`, about. */
export function jsonBytes({ data, context }: StoredEvent): number {
  return (
    Buffer.byteLength(JSON.stringify(data)) + (context === undefined ? 0 : Buffer.byteLength(JSON.stringify(context)))
  );
}

/** Of the order of a list: whether `a` comes after `b`. */
function isBehind(a: EventPlace, b: EventPlace): boolean {
  const ms = a.occurredAt.getTime() - b.occurredAt.getTime();
  return ms < 0 || (ms === 0 && a.eventId < b.eventId);
}

function newer(a: EventPlace | undefined, b: EventPlace | undefined): EventPlace | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return isBehind(a, b) ? b : a;
}

function latest(a: Date | undefined, b: Date | undefined): Date | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? b : a;
}
