import type { Event } from '@app/events';
import { committedSegments, EventReader, type EventFilter, type EventPlace, type StoredEvent } from '@app/persistence';
import { anEvent, storeEvents } from '@app/testing';
import { freshColdTier, type FreshColdTier } from '../test/fresh-cold-tier';
import { ColdStore } from './cold-store';

const BEGIN = Date.parse('2026-01-01T00:00:00Z');
const MINUTE_MS = 60_000;
const boundary = new Date(BEGIN + 10_000 * MINUTE_MS);

let tier: FreshColdTier;
let db: FreshColdTier['db'];
let cold: ColdStore;
/** As the hot tier gave them before they were moved, newest first. */
let stored: readonly StoredEvent[];

/** Names, users and sources with many, few and no events; times that many share; segments that overlap. */
function madeUp(n: number): Event {
  const projectId = n % 7 === 0 ? 2 : 1;
  return anEvent({
    projectId,
    occurredAt: new Date(BEGIN + ((n * 7919) % 997) * MINUTE_MS),
    name: n % 3 === 0 ? 'often' : `name-${n % 50}`,
    userId: n % 11 === 0 ? undefined : `user-${n % 40}`,
    source: n % 2 === 0 ? 'web' : undefined,
    amount: n % 5 === 0 ? n / 100 : undefined,
    data: { n, text: 'ü'.repeat(n % 13) },
    context: n % 4 === 0 ? { n } : undefined,
  });
}

beforeAll(async () => {
  tier = await freshColdTier();
  ({ db } = tier);
  cold = new ColdStore(tier.storage, tier.engine);
  await db.database.query(`INSERT INTO projects (name) VALUES ('other')`);
  const events: StoredEvent[] = [];
  for (let part = 0; part < 3; part += 1) {
    await storeEvents(
      db.database,
      Array.from({ length: 800 }, (_, n) => madeUp(part * 800 + n)),
    );
    events.push(...(await everything()));
    await tier.archiver.run({ boundary, maxRows: 300 });
  }
  stored = events.sort((a, b) => (isBehind(a, b) ? 1 : -1));
});
afterAll(() => tier.drop());

async function everything(): Promise<StoredEvent[]> {
  const reader = new EventReader(db.database);
  const pages = await Promise.all(
    [1, 2].map((projectId) => reader.newest(projectId, { limit: 2000, maxBytes: Number.MAX_SAFE_INTEGER })),
  );
  return pages.flatMap(({ events }) => events);
}

function isBehind(a: EventPlace, b: EventPlace): boolean {
  const ms = a.occurredAt.getTime() - b.occurredAt.getTime();
  return ms < 0 || (ms === 0 && a.eventId < b.eventId);
}

function matching(projectId: number, { name, source, userId, from, to }: EventFilter): StoredEvent[] {
  return stored.filter(
    (event) =>
      event.projectId === projectId &&
      (name === undefined || event.name === name) &&
      (source === undefined || event.source === source) &&
      (userId === undefined || event.userId === userId) &&
      (from === undefined || event.occurredAt >= from) &&
      (to === undefined || event.occurredAt < to),
  );
}

/** Page after page to the end. */
async function walk(projectId: number, filter: EventFilter, limit: number, maxBytes: number): Promise<StoredEvent[]> {
  const segments = await committedSegments(db.database, projectId, {});
  const events: StoredEvent[] = [];
  let before: EventPlace | undefined;
  do {
    const page = await cold.newest(segments, projectId, { limit, maxBytes, before, filter });
    expect(page.events.length).toBeLessThanOrEqual(limit);
    events.push(...page.events);
    before = page.next;
  } while (before !== undefined);
  return events;
}

const at = (minute: number): Date => new Date(BEGIN + minute * MINUTE_MS);

describe('a list of the cold tier', () => {
  it.each<[string, number, EventFilter, number]>([
    ['everything', 1, {}, 200],
    ['another project', 2, {}, 100],
    ['a project that has nothing', 3, {}, 20],
    ['a name that many have', 1, { name: 'often' }, 97],
    ['a name that few have', 1, { name: 'name-7' }, 20],
    ['a name that nobody has', 1, { name: `o'ften` }, 20],
    ['a user', 1, { userId: 'user-3' }, 7],
    ['all filters together', 1, { userId: 'user-4', name: 'often', source: 'web' }, 3],
    ['a stretch of time', 1, { from: at(100), to: at(300) }, 50],
    ['a minute', 1, { from: at(100), to: at(101) }, 1],
    ['a time before all', 1, { to: at(0) }, 20],
    ['a time behind all', 1, { from: at(997) }, 20],
  ])('has the same pages as the hot tier had: %s', async (_, projectId, filter, limit) => {
    expect(await walk(projectId, filter, limit, 1e9)).toEqual(matching(projectId, filter));
  });

  it('ends a page before it has too many bytes, and has one event on it in any case', async () => {
    const wanted = matching(1, { name: 'name-7' });
    expect(await walk(1, { name: 'name-7' }, 200, 1)).toEqual(wanted);
    const segments = await committedSegments(db.database, 1, {});
    const one = await cold.newest(segments, 1, { limit: 200, maxBytes: 1, filter: { name: 'name-7' } });
    expect(one.events).toEqual(wanted.slice(0, 1));
    const some = await cold.newest(segments, 1, { limit: 200, maxBytes: 150, filter: { name: 'name-7' } });
    expect(some.events.length).toBeGreaterThan(1);
    expect(some.events.length).toBeLessThan(10);
  });
});

it('finds events by their ids, of the one project', async () => {
  const segments = await committedSegments(db.database, 1, {});
  const wanted = matching(1, {}).filter((_, n) => n % 100 === 0);
  const [foreign] = matching(2, {});
  const others = [foreign!, { ...wanted[0]!, eventId: foreign!.eventId }];
  const found = await cold.several(segments, 1, [...wanted, ...others], 1e9);
  expect(found.sort((a, b) => (isBehind(a, b) ? 1 : -1))).toEqual(wanted);
  expect(await cold.several(segments, 1, [{ ...wanted[0]!, occurredAt: at(5000) }], 1e9)).toEqual([]);
});

it('names the segments that can have an event, and no others', async () => {
  const all = await committedSegments(db.database, 1, {});
  expect(all.length).toBeGreaterThan(6);
  expect(await committedSegments(db.database, 1, { from: at(5000) })).toEqual([]);
  expect(await committedSegments(db.database, 1, { until: at(-1) })).toEqual([]);
  expect(await committedSegments(db.database, 3, {})).toEqual([]);
});
