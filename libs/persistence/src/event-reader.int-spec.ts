import type { Event, JsonObject } from '@app/events';
import { anEvent, freshDatabase, storeEvents, type FreshDatabase } from '@app/testing';
import fc from 'fast-check';
import type { Queryable } from './database';
import { EventPartitions } from './event-partitions';
import { EventReader } from './event-reader';

let db: FreshDatabase;
let reader: EventReader;
beforeAll(async () => {
  db = await freshDatabase();
  reader = new EventReader(db.database);
  await new EventPartitions(db.database).ensure(new Date());
});
afterAll(async () => {
  await db.drop();
});

const store = (...events: Event[]): Promise<void> => storeEvents(db.database, events);

async function readBack(event: Event): Promise<Event | undefined> {
  const found = await reader.one(event.projectId, event.eventId);
  if (found === undefined) return undefined;
  const { storedAt, ...rest } = found;
  expect(Math.abs(storedAt.getTime() - Date.now())).toBeLessThan(60_000);
  return rest;
}

describe('an event', () => {
  it.each<Partial<Event>>([
    {},
    { source: 'web', userId: undefined, context: { a: [1, { b: null }] } },
    { occurredAt: new Date('0001-01-01T00:00:00.000Z') },
    { occurredAt: new Date('0099-12-31T23:59:59.999Z') },
    { occurredAt: new Date('1582-10-15T00:00:00.001Z') },
    { occurredAt: new Date('1883-11-18T12:03:57.999Z') },
    { occurredAt: new Date('1969-12-31T23:59:59.999Z') },
    { occurredAt: new Date('9999-12-31T23:59:59.999Z') },
    { amount: 0 },
    { amount: 0.1 },
    { amount: 1e-9 },
    { amount: -12_345_678.123456789 },
    { amount: 999_999_999_999_999_900 },
    { data: {} },
    { data: { text: 'ünï "quoted" \\ back\tslash {,} NULL \u007f 😀' } },
    { data: { numbers: [5e-324, 1.7976931348623157e308, 1e21, -0.5, 9007199254740991] } },
    { data: JSON.parse('{"__proto__": {"a": 1}, "constructor": 2, "": 3}') as JsonObject },
    { name: '{"a","b"}', userId: 'NULL', source: '' },
  ])('is read back as it was stored: %j', async (part) => {
    const event = anEvent(part);
    await store(event);
    expect(await readBack(event)).toEqual(event);
  });

  it('is read back as it was stored, whatever it holds', async () => {
    const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0') && value.isWellFormed());
    const json = fc.jsonValue({ noUnicodeString: false }).map((value) => JSON.stringify(value));
    const storable = json.filter((value) => !/\\u0000|\\ud[89a-f]/i.test(value) && JSON.parse(value) !== undefined);
    const time = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
    const amount = fc.option(
      fc.integer({ min: -(10 ** 15), max: 10 ** 15 }).map((value) => value / 1e6),
      { nil: undefined },
    );
    const property = fc.asyncProperty(text, storable, time, amount, async (name, data, occurredAt, amount) => {
      const event = anEvent({
        name,
        userId: name,
        occurredAt,
        amount,
        data: JSON.parse(`{"d":${data}}`) as JsonObject,
      });
      await store(event);
      // Through JSON, where -0 is 0, as the contract has it.
      expect(await readBack(event)).toEqual({ ...event, data: JSON.parse(JSON.stringify(event.data)) as JsonObject });
    });
    await fc.assert(property, { numRuns: 100 });
  });

  it('is found by its id in capitals too', async () => {
    const event = anEvent();
    await store(event);
    expect(await reader.one(1, event.eventId.toUpperCase())).toMatchObject({ eventId: event.eventId });
  });

  it('of another project is not found', async () => {
    const event = anEvent({ projectId: 2 });
    await store(event);
    expect(await reader.one(1, event.eventId)).toBeUndefined();
    expect(await reader.one(2, event.eventId)).toMatchObject({ projectId: 2 });
  });

  it('that nobody stored is not found', async () => {
    expect(await reader.one(1, anEvent().eventId)).toBeUndefined();
  });

  it('is looked for in the one partition of its day', async () => {
    const event = anEvent();
    await store(event);
    let plan: { 'QUERY PLAN': string }[] = [];
    const explained: Queryable = {
      query: async (sql, parameters) => {
        plan = await db.database.query(`EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ${sql}`, parameters);
        return [];
      },
    };
    await new EventReader(explained).one(1, event.eventId);
    const scans = plan.map((line) => line['QUERY PLAN']).filter((line) => / on events_/.test(line));
    expect(scans.filter((line) => !line.includes('never executed'))).toHaveLength(1);
  });
});

describe('several events', () => {
  const kilobytes = (count: number): JsonObject => ({ text: 'x'.repeat(count * 1024) });
  const idsOf = (events: readonly Event[]): string[] => events.map(({ eventId }) => eventId).sort();

  it('are found by their ids, however many, but none of another project and none that nobody stored', async () => {
    const events = Array.from({ length: 250 }, () => anEvent());
    const foreign = anEvent({ projectId: 2 });
    await store(...events, foreign);
    const all = await reader.several(1, idsOf(events), 1 << 20);
    expect(idsOf(all)).toEqual(idsOf(events));
    expect(all).toContainEqual({ ...events[0], storedAt: expect.any(Date) as Date });
    expect(
      await reader.several(1, [...idsOf(events.slice(0, 3)), foreign.eventId, anEvent().eventId], 1 << 20),
    ).toHaveLength(3);
    expect(await reader.several(1, [anEvent().eventId, ...idsOf(events)], 1 << 20)).toHaveLength(250);
    expect(await reader.several(1, [], 1 << 20)).toEqual([]);
  });

  it('are fewer when their JSON together has more bytes than it may', async () => {
    const events = Array.from({ length: 250 }, () => anEvent({ data: kilobytes(9), context: kilobytes(1) }));
    await store(...events);
    const found = await reader.several(1, idsOf(events), 1_200_000);
    expect(found.length).toBeGreaterThan(100);
    expect(found.length).toBeLessThan(120);
    expect(await reader.several(1, idsOf(events), 3_000_000)).toHaveLength(250);
  });

  it('are measured as PostgreSQL writes them', async () => {
    const event = anEvent({ data: { numbers: Array.from({ length: 1000 }, () => 1e308) } });
    await store(event);
    expect(await reader.several(1, [event.eventId], 300_000)).toEqual([]);
    expect(await reader.several(1, [event.eventId], 400_000)).toHaveLength(1);
  });
});
