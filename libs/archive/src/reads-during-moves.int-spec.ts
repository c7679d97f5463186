import { toStorableEvent, type Event } from '@app/events';
import {
  EventStore,
  EventTraces,
  TieredEventReader,
  WaitedOutcomes,
  type EventFilter,
  type EventPlace,
  type Queryable,
  type StoredEvent,
} from '@app/persistence';
import { anEvent, storeEvents } from '@app/testing';
import { freshColdTier, type FreshColdTier } from '../test/fresh-cold-tier';
import { Archiver } from './archiver';
import { ColdStore } from './cold-store';

const BEGIN = Date.parse('2026-01-01T00:00:00Z');
const MINUTES = 12;

let tier: FreshColdTier;
let db: FreshColdTier['db'];
let archiver: Archiver;
let cold: ColdStore;
beforeEach(async () => {
  tier = await freshColdTier();
  ({ db, archiver } = tier);
  await db.database.query(`INSERT INTO projects (name) VALUES ('other')`);
  cold = new ColdStore(tier.storage, tier.engine);
});
afterEach(() => tier.drop());

const at = (minute: number): Date => new Date(BEGIN + minute * 60_000);

/** Five events at each minute, of two names and three users, with bodies of different sizes. */
const someEvents = (): Event[] =>
  Array.from({ length: MINUTES * 5 }, (_, n) =>
    anEvent({
      occurredAt: at(Math.floor(n / 5)),
      name: `name-${n % 2}`,
      userId: `user-${n % 3}`,
      data: { text: 'ü'.repeat((n * 37) % 400) },
    }),
  );

const filters: readonly EventFilter[] = [
  {},
  { name: 'name-1' },
  { name: 'name-0', userId: 'user-2' },
  { from: at(3), to: at(8) },
];

class Reads {
  private readonly reader: TieredEventReader;
  private readonly traces: EventTraces;

  constructor(
    database: Queryable,
    private readonly ids: readonly string[],
  ) {
    this.reader = new TieredEventReader(database, cold);
    this.traces = new EventTraces(database, cold);
  }

  /** Page after page to the end, the pages of an export among them: cut by their bytes. */
  async walk(filter: EventFilter, limit: number, maxBytes: number): Promise<StoredEvent[]> {
    const walked: StoredEvent[] = [];
    let before: EventPlace | undefined;
    do {
      const page = await this.reader.newest(1, { limit, maxBytes, before, filter });
      walked.push(...page.events);
      before = page.next;
    } while (before !== undefined);
    return walked;
  }

  /** Every answer that must not change when events are moved. */
  async answers(): Promise<Record<string, unknown>> {
    const lists = [];
    for (const filter of filters) {
      lists.push(await this.walk(filter, 23, 1e9));
      expect(await this.walk(filter, 200, 2000)).toEqual(lists.at(-1));
    }
    const traces = [];
    for (const id of this.ids.filter((_, n) => n % 7 === 0)) traces.push(await this.trace(id));
    const ones = await Promise.all(this.ids.filter((_, n) => n % 9 === 0).map((id) => this.reader.one(1, id)));
    const several = await this.reader.several(1, this.ids, 1e9);
    return { lists, ones, several: several.sort((a, b) => (a.eventId < b.eventId ? -1 : 1)), traces };
  }

  private async trace(id: string): Promise<unknown> {
    const trace = await this.traces.find(1, id);
    expect(['stored', 'archived']).toContain(trace?.status);
    if (trace?.status !== 'archived') return { ...trace, status: 'there' };
    const { archivedAt, ...same } = trace;
    expect(Math.abs(Date.now() - (archivedAt?.getTime() ?? 0))).toBeLessThan(300_000);
    return { ...same, status: 'there' };
  }
}

describe('reads', () => {
  let ids: string[];
  beforeEach(async () => {
    const events = someEvents();
    await storeEvents(db.database, events);
    ids = events.map(({ eventId }) => eventId);
  });

  it('have the same answers before, at every step of, and after a move', async () => {
    const reads = new Reads(db.database, ids);
    const before = await reads.answers();
    const onStep = async (step: string): Promise<void> => {
      expect([step, await reads.answers()]).toEqual([step, before]);
    };
    await archiver.run({ boundary: at(6), maxRows: 30, onStep });
    await archiver.run({ boundary: at(MINUTES) });
    expect(await reads.answers()).toEqual(before);
  });

  it('have the same answers when events are moved between any two statements of them', async () => {
    const late = Array.from({ length: 24 }, (_, n) => anEvent({ projectId: 2, occurredAt: at(n) }));
    await storeEvents(db.database, late);
    const lateIds = late.map(({ eventId }) => eventId);
    let moved = 0;
    const moving: Queryable = {
      query: async (sql, parameters) => {
        const rows = await db.database.query(sql, parameters);
        await archiver.run({ boundary: at((moved += 1)) });
        return rows as never;
      },
    };
    const reader = new TieredEventReader(moving, cold);
    const traces = new EventTraces(moving, cold);
    const found = (events: readonly StoredEvent[]): string[] => events.map(({ eventId }) => eventId).sort();
    while (moved < late.length) {
      expect(found((await reader.newest(2, { limit: 200, maxBytes: 1e9 })).events)).toEqual([...lateIds].sort());
      expect(found(await reader.several(2, lateIds, 1e9))).toEqual([...lateIds].sort());
      const next = lateIds[Math.min(moved, late.length - 1)]!;
      expect((await reader.one(2, next))?.eventId).toBe(next);
      const traced = lateIds[Math.min(moved, late.length - 1)]!;
      expect(await traces.find(2, traced)).toMatchObject({ storedAt: expect.any(Date) as Date });
    }
  });

  it('walk over the border of the tiers when both have events of one instant', async () => {
    await archiver.run({ boundary: at(6) });
    await storeEvents(db.database, someEvents());
    const reads = new Reads(db.database, []);
    const whole = await reads.walk({}, 200, 1e9);
    expect(new Set(whole.map(({ eventId }) => eventId)).size).toBe(MINUTES * 10);
    const places = whole.map(({ occurredAt, eventId }) => `${occurredAt.toISOString()} ${eventId}`);
    expect(places).toEqual([...places].sort().reverse());
    for (const limit of [4, 11]) expect(await reads.walk({}, limit, 1e9)).toEqual(whole);
    for (const maxBytes of [1000, 3000]) expect(await reads.walk({}, 200, maxBytes)).toEqual(whole);
  });
});

describe('an event of the archive', () => {
  const [event] = someEvents() as [Event];
  beforeEach(() => storeEvents(db.database, [event]));

  /** Sends it again, and asks as a request does that waits for it. */
  async function sendAgain(offset: number): Promise<unknown> {
    const ingestId = '00000000-0000-4000-8000-000000000001';
    const again = toStorableEvent({ ...event, name: 'another' });
    const outcome = { partition: 0, offset, kind: 'persist' as const, event: again, ingestId };
    const batch = { group: 'again', topic: 'again', outcomes: [outcome], logEnds: new Map() };
    const { stored, duplicates } = await new EventStore(db.database).insert(batch);
    const waited = { projectId: 1, eventId: event.eventId, ingestId };
    return {
      counted: { stored, duplicates },
      outcome: await new WaitedOutcomes(db.database).find([waited]),
      shown: await new TieredEventReader(db.database, cold).several(1, [event.eventId], 8 << 20),
    };
  }

  it('is a duplicate when it comes again, and the first one is shown, as before', async () => {
    const before = await sendAgain(0);
    await archiver.run({ boundary: at(1) });
    expect(await sendAgain(1)).toEqual(before);
    expect(before).toMatchObject({ shown: [{ name: event.name }] });
    expect(await new EventTraces(db.database, cold).find(1, event.eventId)).toMatchObject({ duplicates: 2 });
  });

  it('is shown with others as far as their bytes go', async () => {
    const others = someEvents();
    await storeEvents(db.database, others);
    await archiver.run({ boundary: at(MINUTES) });
    const reader = new TieredEventReader(db.database, cold);
    const ids = [event, ...others].map(({ eventId }) => eventId);
    const some = await reader.several(1, ids, 3000);
    expect(some.length).toBeGreaterThan(1);
    expect(some.length).toBeLessThan(ids.length);
    expect(await reader.several(1, ids, 1)).toEqual([]);
    expect(await reader.several(1, ids, 1e9)).toHaveLength(ids.length);
  });

  it('has expired when no tier has it', async () => {
    await archiver.run({ boundary: at(1) });
    const traces = new EventTraces(db.database, cold);
    expect(await traces.find(1, event.eventId.toUpperCase())).toMatchObject({ status: 'archived', duplicates: 0 });
    expect(await new EventTraces(db.database).find(1, event.eventId)).toMatchObject({ status: 'archived' });
    await db.database.query('DELETE FROM cold_segments');
    expect(await traces.find(1, event.eventId)).toMatchObject({ status: 'expired', duplicates: 0 });
    expect(await new TieredEventReader(db.database, cold).one(1, event.eventId)).toBeUndefined();
  });
});
