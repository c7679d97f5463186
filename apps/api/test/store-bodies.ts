import { parseEvent, type Event } from '@app/events';
import type { Database } from '@app/persistence';
import { storeEvents } from '@app/testing';

/** Stores events as clients send them. @param bodies `name` is `n` unless they say otherwise. */
export async function storeBodies(
  database: Database,
  bodies: readonly Readonly<Record<string, unknown>>[],
  projectId = 1,
): Promise<Event[]> {
  const receivedAt = new Date();
  const events = bodies.map((body) => {
    const parsed = parseEvent({ name: 'n', ...body }, { projectId, receivedAt });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
    return parsed.event;
  });
  await storeEvents(database, events);
  return events;
}
