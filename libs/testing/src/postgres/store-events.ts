import { toStorableEvent, type Event } from '@app/events';
import { EventStore, type Database } from '@app/persistence';

const BATCH = 5000;
const nextOffset = new WeakMap<Database, number>();

/** Stores events as a consumer would, as the next records of one partition. */
export async function storeEvents(database: Database, events: readonly Event[]): Promise<void> {
  const store = new EventStore(database);
  for (let from = 0; from < events.length; from += BATCH) {
    const first = nextOffset.get(database) ?? 0;
    const outcomes = events.slice(from, from + BATCH).map((event, index) => ({
      partition: 0,
      offset: first + index,
      kind: 'persist' as const,
      event: toStorableEvent(event),
    }));
    const end = first + outcomes.length;
    nextOffset.set(database, end);
    await store.insert({ group: 'g', topic: 't', outcomes, logEnds: new Map([[0, end]]) });
  }
}
