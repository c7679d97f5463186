import type { ColdEvents } from './cold-events.port';
import { committedSegments } from './cold-segments';
import type { Database } from './database';
import type { EventPlace } from './event-filter';
import { newestEvents, type EventPage, type PageBounds } from './event-list';
import type { StoredEvent } from './event.mapping';

/**
 * One page of a project's list over both tiers; see `newestEvents`. Manifest and hot rows are of one snapshot, so that an
 * event that is moved meanwhile is on the page once. The files are read after it: they stay for as long as anybody can
 * know of them.
 */
export async function newestOfBoth(
  database: Database,
  cold: ColdEvents,
  projectId: number,
  bounds: PageBounds,
): Promise<EventPage> {
  const { hot, segments } = await database.snapshot(async (tx) => {
    const page = await newestEvents(tx, projectId, bounds);
    // What lies behind the end of the hot page is not on this one.
    const from = latest(bounds.filter?.from, page.next?.occurredAt);
    return { hot: page, segments: await committedSegments(tx, projectId, { from, until: untilOf(bounds) }) };
  });
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
  for (const [index, { data, context }] of events.entries()) {
    const upTo = bytes + Buffer.byteLength(JSON.stringify(data)) + Buffer.byteLength(JSON.stringify(context ?? ''));
    if (upTo > maxBytes && index > 0) return { events: events.slice(0, index), bytes };
    bytes = upTo;
  }
  return { events, bytes };
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

/** The latest time that the page can have. */
function untilOf({ before, filter }: PageBounds): Date | undefined {
  const { to } = filter ?? {};
  if (before === undefined || to === undefined) return before?.occurredAt ?? to;
  return before.occurredAt < to ? before.occurredAt : to;
}
