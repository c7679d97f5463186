import { parseEvent, toStorableEvent, type Event } from '@app/events';
import { EventStore, type Database } from '@app/persistence';

const BATCH = 5000;
const nextOffset = new WeakMap<Database, number>();

/** Stores events as a consumer would. @param bodies as clients send them; `name` is `n` unless they say otherwise. */
export async function storeEvents(
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
  const store = new EventStore(database);
  for (let from = 0; from < events.length; from += BATCH) {
    const first = nextOffset.get(database) ?? 0;
    const outcomes = events.slice(from, from + BATCH).map((event, index) => ({
      partition: 0,
      offset: first + index,
      kind: 'persist' as const,
      event: toStorableEvent(event),
    }));
    nextOffset.set(database, first + outcomes.length);
    await store.insert({ group: 'g', topic: 't', outcomes, logEnds: new Map([[0, first + outcomes.length]]) });
  }
  return events;
}
