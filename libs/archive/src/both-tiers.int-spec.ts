import type { Event } from '@app/events';
import { TieredEventReader, type EventFilter, type EventPlace, type StoredEvent } from '@app/persistence';
import { anEvent, storeEvents } from '@app/testing';
import { freshColdTier, type FreshColdTier } from '../test/fresh-cold-tier';
import { Archiver, type ArchiveStep } from './archiver';
import { ColdStore } from './cold-store';

const BEGIN = Date.parse('2026-01-01T00:00:00Z');
const MINUTE_MS = 60_000;

let tier: FreshColdTier;
let db: FreshColdTier['db'];
let archiver: Archiver;
let reader: TieredEventReader;
beforeEach(async () => {
  tier = await freshColdTier();
  ({ db, archiver } = tier);
  reader = new TieredEventReader(db.database, new ColdStore(tier.storage, tier.engine));
});
afterEach(() => tier.drop());

const at = (minute: number): Date => new Date(BEGIN + minute * MINUTE_MS);

/** Three events a minute, of four names and ten users. */
function events(count: number, first = 0): Event[] {
  return Array.from({ length: count }, (_, index) => {
    const n = first + index;
    return anEvent({ occurredAt: at(Math.floor(n / 3)), name: `name-${n % 4}`, userId: `user-${n % 10}`, data: { n } });
  });
}

async function walk(filter: EventFilter, limit: number, maxBytes = 1e9): Promise<StoredEvent[]> {
  const walked: StoredEvent[] = [];
  let before: EventPlace | undefined;
  do {
    const page = await reader.newest(1, { limit, maxBytes, before, filter });
    walked.push(...page.events);
    before = page.next;
  } while (before !== undefined);
  return walked;
}

const filters: EventFilter[] = [
  {},
  { name: 'name-1' },
  { name: 'name-2', userId: 'user-4' },
  { from: at(30), to: at(90) },
];

it('gives the same lists before a move, after a part of it, with late events, and after all of it', async () => {
  await storeEvents(db.database, events(360));
  const before = await Promise.all(filters.map((filter) => walk(filter, 200)));
  for (const minute of [40, 80]) {
    await archiver.run({ boundary: at(minute), maxRows: 70 });
    for (const [index, filter] of filters.entries()) expect(await walk(filter, 23)).toEqual(before[index]);
  }
  const late = events(30, 3);
  await storeEvents(db.database, late);
  const all = await walk({}, 200);
  expect(all.map(({ eventId }) => eventId)).toEqual([...new Set(all.map(({ eventId }) => eventId))]);
  expect(all).toHaveLength(390);
  expect(await walk({}, 7)).toEqual(all);
  expect(await walk({}, 200, 100)).toEqual(all);
  await archiver.run({ boundary: at(1000) });
  expect(await walk({}, 50)).toEqual(all);
});

it('gives every event once on one page, whatever is moved while it is read', async () => {
  await storeEvents(db.database, events(120));
  const whole = await walk({}, 200);
  let reading = true;
  const read = async (): Promise<number> => {
    let pages = 0;
    for (; reading; pages += 1) expect((await reader.newest(1, { limit: 200, maxBytes: 1e9 })).events).toEqual(whole);
    return pages;
  };
  const readers = [read(), read(), read()];
  const steps: ArchiveStep[] = [];
  await archiver.run({ boundary: at(1000), maxRows: 5, onStep: (step) => void steps.push(step) });
  reading = false;
  for (const pages of await Promise.all(readers)) expect(pages).toBeGreaterThan(1);
  expect(steps.filter((step) => step === 'published')).toHaveLength(24);
});

it('finds an event by its id in either tier, and none of another project', async () => {
  await storeEvents(db.database, events(6));
  const whole = await walk({}, 200);
  await archiver.run({ boundary: at(1) });
  for (const event of whole) expect(await reader.one(1, event.eventId.toUpperCase())).toEqual(event);
  expect(await reader.one(2, whole[0]!.eventId)).toBeUndefined();
});

it('still refuses the id of an event that was moved', async () => {
  const [event] = events(1);
  await storeEvents(db.database, [event!]);
  await archiver.run({ boundary: at(1) });
  await storeEvents(db.database, [event!]);
  expect(await walk({}, 10)).toHaveLength(1);
  expect(await db.database.query('SELECT duplicates FROM event_ids')).toEqual([{ duplicates: 1 }]);
});
