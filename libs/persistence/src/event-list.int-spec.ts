import type { Event } from '@app/events';
import { anEvent, freshDatabase, storeEvents, type FreshDatabase } from '@app/testing';
import fc from 'fast-check';
import type { EventFilter, EventPlace } from './event-filter';
import type { PageBounds } from './event-list';
import { EventPartitions } from './event-partitions';
import { EventReader } from './event-reader';

let db: FreshDatabase;
let reader: EventReader;
let projectId = 10;
beforeAll(async () => {
  db = await freshDatabase();
  reader = new EventReader(db.database);
  await new EventPartitions(db.database).ensure(new Date());
});
beforeEach(() => {
  projectId += 1;
});
afterAll(async () => {
  await db.drop();
});

const store = (...events: Event[]): Promise<void> => storeEvents(db.database, events);

const idsOf = (found: readonly Event[]): string[] => found.map(({ eventId }) => eventId);

async function pageOf(bounds: Partial<PageBounds>): Promise<{ ids: string[]; more: boolean }> {
  const page = await reader.newest(projectId, { limit: 20, maxBytes: 1 << 20, ...bounds });
  return { ids: idsOf(page.events), more: page.next !== undefined };
}

/** Every page of a list, to its end. @param between runs before each further page. */
async function walk(filter: EventFilter, limit: number, between?: () => Promise<void>): Promise<string[][]> {
  const pages: string[][] = [];
  let before: EventPlace | undefined;
  do {
    if (pages.length > 0) await between?.();
    const page = await reader.newest(projectId, { limit, maxBytes: 1 << 20, before, filter });
    expect(page.events.length).toBeLessThanOrEqual(limit);
    pages.push(idsOf(page.events));
    before = page.next;
  } while (before !== undefined);
  return pages;
}

/** What a list has to show: the plain way. */
function listed(events: readonly Event[], { name, source, userId, from, to }: EventFilter): string[] {
  const all = events.filter(
    (event) =>
      event.projectId === projectId &&
      (name === undefined || event.name === name) &&
      (source === undefined || event.source === source) &&
      (userId === undefined || event.userId === userId) &&
      (from === undefined || event.occurredAt >= from) &&
      (to === undefined || event.occurredAt < to),
  );
  const newestFirst = (a: Event, b: Event): number =>
    b.occurredAt.getTime() - a.occurredAt.getTime() || (b.eventId < a.eventId ? -1 : 1);
  return idsOf(all.sort(newestFirst));
}

describe('the list', () => {
  it('has the newest first, by time and then by id, over all partitions, of one project', async () => {
    const now = Date.now();
    const times = [now, now - 3 * 86_400_000, now - 400 * 86_400_000, now + 86_400_000, now, now];
    const events = times.map((time) => anEvent({ projectId, occurredAt: new Date(time) }));
    await store(...events, anEvent({ projectId: 8 }));
    const expected = listed(events, {});
    expect(await pageOf({ limit: 200 })).toEqual({ ids: expected, more: false });
    expect(await pageOf({ limit: 6 })).toEqual({ ids: expected, more: false });
    expect(await pageOf({ limit: 2 })).toEqual({ ids: expected.slice(0, 2), more: true });
    const before = events.find(({ eventId }) => eventId === expected[3]);
    expect(await pageOf({ limit: 2, before })).toEqual({ ids: expected.slice(4), more: false });
  });

  it('of a project without events is empty', async () => {
    expect(await pageOf({ limit: 20 })).toEqual({ ids: [], more: false });
  });

  it('ends early when its JSON has more bytes than it may, but has one event at least', async () => {
    const at = Date.now();
    const data = { numbers: Array.from({ length: 1000 }, () => 1e308) };
    const events = Array.from({ length: 9 }, (_, n) => anEvent({ projectId, data, occurredAt: new Date(at - n) }));
    await store(...events);
    expect(await pageOf({ limit: 9, maxBytes: 1_000_000 })).toEqual({ ids: idsOf(events.slice(0, 3)), more: true });
    const rest = await pageOf({ limit: 9, maxBytes: 2_000_000, before: events[2] });
    expect(rest).toEqual({ ids: idsOf(events.slice(3)), more: false });
    expect(await pageOf({ limit: 9, maxBytes: 1 })).toEqual({ ids: idsOf(events.slice(0, 1)), more: true });
    const last = await pageOf({ limit: 9, maxBytes: 1, before: events[7] });
    expect(last).toEqual({ ids: idsOf(events.slice(8)), more: false });
  });
});

describe('a filtered list', () => {
  it('begins with what occurred at from, and ends before to', async () => {
    const at = Date.UTC(2026, 0, 5);
    const events = [-1, 0, 1, 9, 10].map((ms) => anEvent({ projectId, occurredAt: new Date(at + ms) }));
    await store(...events);
    const filter = { from: new Date(at), to: new Date(at + 10) };
    expect(await pageOf({ filter })).toEqual({ ids: idsOf(events.slice(1, 4)).reverse(), more: false });
    expect(await pageOf({ filter: { from: filter.from, to: filter.from } })).toEqual({ ids: [], more: false });
  });

  it('tells letters apart as they are written, and finds what SQL would take for a pattern', async () => {
    const names = ['é', 'E\u0301', 'e', 'E', '%', '_', "'; DROP TABLE events; --", '\\', ' e', '😀'];
    const events = names.map((name) => anEvent({ projectId, name, userId: name, source: name }));
    await store(...events);
    for (const { name, eventId } of events)
      for (const filter of [{ name }, { userId: name }, { source: name }, { name, userId: name, source: name }])
        expect(await pageOf({ filter })).toEqual({ ids: [eventId], more: false });
    expect(await pageOf({ filter: { name: 'x' } })).toEqual({ ids: [], more: false });
  });

  it('does not have events without a source or a user for any source or user', async () => {
    await store(anEvent({ projectId, source: undefined, userId: undefined }));
    for (const filter of [{ source: 'undefined' }, { userId: 'null' }, { source: 'null', userId: '' }])
      expect(await pageOf({ filter })).toEqual({ ids: [], more: false });
  });

  it('leads through exactly the events that agree, whatever the filter and the size of its pages', async () => {
    const now = Date.now();
    const two = fc.constantFrom('a', 'b');
    const some = fc.option(two, { nil: undefined });
    const time = fc.integer({ min: 0, max: 20 }).map((hours) => new Date(now - hours * 13 * 3_600_000));
    const event = fc.record({ name: two, source: some, userId: some, occurredAt: time });
    const stored = fc.sample(event, { seed: 7, numRuns: 300 }).map((part) => anEvent({ ...part, projectId }));
    await store(...stored, anEvent({ projectId: projectId - 1, name: 'a', userId: 'a', source: 'a' }));
    const filter = fc.record({
      name: some,
      source: some,
      userId: some,
      from: fc.option(time, { nil: undefined }),
      to: fc.option(time, { nil: undefined }),
    });
    const property = fc.asyncProperty(filter, fc.integer({ min: 1, max: 30 }), async (filter, limit) => {
      expect((await walk(filter, limit)).flat()).toEqual(listed(stored, filter));
    });
    await fc.assert(property, { numRuns: 60 });
  });
});

describe('the pages to come', () => {
  const at = Date.UTC(2026, 2, 1);
  const minute = (n: number, part: Partial<Event> = {}): Event =>
    anEvent({ projectId, occurredAt: new Date(at + n * 60_000), ...part });

  it.each<[string, EventFilter]>([
    ['of all', {}],
    ['of one name', { name: 'n' }],
    ['on which all terms agree', { name: 'n', source: 's', userId: 'u' }],
  ])('%s neither shift nor repeat nor hide a row when newer events are stored', async (_about, filter) => {
    const part = { name: 'n', source: 's', userId: 'u' };
    const events = Array.from({ length: 12 }, (_, n) => minute(Math.floor(n / 2), part));
    await store(...events);
    const pages = await walk(filter, 3, () => store(minute(100, part), minute(101, part)));
    expect(pages.flat()).toEqual(listed(events, filter));
  });

  it('show an event that comes late with an older time, and do not show one whose page was read', async () => {
    const events = Array.from({ length: 6 }, (_, n) => minute(n));
    await store(...events);
    const older = minute(1.5);
    const newer = minute(4.5);
    const late = [older, newer];
    const pages = await walk({}, 3, async () => store(...late.splice(0)));
    expect(pages.flat()).toEqual(listed([...events, older], {}));
  });

  it('among events of one instant, show one that comes late with a lower id', async () => {
    const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
    const events = [1, 2, 3, 5, 6, 7].map((n) => minute(0, { eventId: id(n) }));
    await store(...events);
    const late = [minute(0, { eventId: id(4) }), minute(0, { eventId: id(8) })];
    const pages = await walk({}, 2, async () => store(...late.splice(0)));
    expect(pages.flat()).toEqual([7, 6, 5, 4, 3, 2, 1].map(id));
  });
});

describe('a list on whose terms few events agree', () => {
  /** Names and users that hardly meet: each has every second of 12,000 rows, and three rows have both. */
  async function fill(): Promise<void> {
    await db.database.query(
      `INSERT INTO events (project_id, event_id, occurred_at, received_at, name, user_id, data)
       SELECT $1, gen_random_uuid(), now() - interval '1 minute' * n, now(),
         CASE WHEN n % 2 = 0 OR n IN (1, 6001, 11999) THEN 'often' ELSE 'other' END,
         CASE WHEN n % 2 = 1 THEN 'busy' WHEN n = 4000 THEN 'once' ELSE 'idle' END, '{}'
       FROM generate_series(1, 12000) AS n`,
      [projectId],
    );
  }

  it('ends its pages early, even without an event, and leads to all of them', async () => {
    await fill();
    const pages = await walk({ name: 'often', userId: 'busy' }, 2);
    expect(pages.length).toBeGreaterThan(3);
    expect(pages.length).toBeLessThan(10);
    expect(pages).toContainEqual([]);
    expect(pages.flat()).toHaveLength(3);
    expect(new Set(pages.flat()).size).toBe(3);
  });

  it('looks through the rows of the rarest term', async () => {
    await fill();
    expect(await walk({ name: 'often', userId: 'once' }, 2)).toEqual([[expect.any(String)]]);
    expect(await walk({ name: 'other', userId: 'once' }, 2)).toEqual([[]]);
  });
});
