import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, getIntrospectionQuery, printSchema } from 'graphql';
import { shiftDay, Statistics } from '@app/analytics';
import { anEvent, storeEvents } from '@app/testing';
import { schema } from '../src/graphql/schema/schema';
import { askingGraphql, codesOf, type AskGraphql } from './graphql-client';
import { runningApi, type TestApi } from './running-api';
import { asking, type Ask } from './statistics-check';

jest.setTimeout(120_000);

const DAY = new Date().toISOString().slice(0, 10);
const MINUTE_MS = 60_000;

let test: TestApi;
let ask: AskGraphql;
let rest: Ask;

interface Page {
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly id: string } }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** Events of the last minutes and of a year, of a few names and users. */
async function fill(): Promise<void> {
  const now = Date.now();
  const events = Array.from({ length: 300 }, (_, n) =>
    anEvent({
      name: `name.${n % 7}`,
      source: n % 2 === 0 ? 'shop' : undefined,
      userId: n % 5 === 0 ? undefined : `u${(n * 13) % 20}`,
      amount: n % 3 === 0 ? undefined : n / 8,
      occurredAt: new Date(now - (n % 2 === 0 ? n * MINUTE_MS : n * 86_400_000)),
      data: { n, nested: [{ text: 'é😀' }] },
    }),
  );
  await storeEvents(test.db.database, events);
  await test.db.database.query(`INSERT INTO projects (id, name) VALUES (2, 'other')`);
  await storeEvents(test.db.database, [anEvent({ projectId: 2, name: 'foreign' })]);
}

beforeAll(async () => {
  test = await runningApi();
  await fill();
  ask = askingGraphql(test.api.url, test.key);
  rest = asking(test.api.url, test.key);
});
afterAll(() => test.stop());

it('docs/schema.graphql is the schema', () => {
  const written = buildSchema(readFileSync(join(__dirname, '../../../docs/schema.graphql'), 'utf8'));
  expect(printSchema(written)).toBe(printSchema(schema));
});

describe('events', () => {
  const FIELDS = 'id name source userId timestamp amount data context receivedAt storedAt';

  it('are those of REST, in camelCase', async () => {
    const { data, errors } = await ask(`{ lastEvents(limit: 30, filter: { source: "shop" }) { ${FIELDS} } }`);
    expect(errors).toEqual([]);
    const { data: expected } = (await rest('/api/v1/events?limit=30&source=shop')) as {
      data: Record<string, unknown>[];
    };
    expect(data?.['lastEvents']).toEqual(
      expected.map(({ event_id, user_id, occurred_at, received_at, stored_at, ...same }) => ({
        ...same,
        id: event_id,
        userId: user_id,
        timestamp: occurred_at,
        receivedAt: received_at,
        storedAt: stored_at,
      })),
    );
  });

  it('lead from page to page to the end, by cursors that are those of REST', async () => {
    const seen: string[] = [];
    let after: string | null = null;
    for (;;) {
      const query = `query ($after: String) { events(first: 70, after: $after, filter: { userId: "u1" })
        { edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
      const { data } = await ask(query, { variables: { after } });
      const { edges, pageInfo } = data?.['events'] as Page;
      expect(pageInfo).toMatchObject({ hasPreviousPage: after !== null, startCursor: edges[0]?.cursor });
      seen.push(...edges.map(({ node }) => node.id));
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
      const next = (await rest(`/api/v1/events?limit=1&user_id=u1&cursor=${after}`)) as {
        data: { event_id: string }[];
      };
      const again = await ask(query, { variables: { after } });
      expect((again.data?.['events'] as Page).edges[0]?.node.id).toBe(next.data[0]?.event_id);
    }
    const all = (await rest('/api/v1/events?limit=200&user_id=u1')) as { data: { event_id: string }[] };
    expect(seen).toEqual(all.data.map(({ event_id }) => event_id));
  });

  it('are found by id; of another project, or unknown, they are null', async () => {
    const [own] = (await ask('{ lastEvents(limit: 1) { id } }')).data?.['lastEvents'] as { id: string }[];
    const [foreign] = await test.db.database.query<{ event_id: string }>(
      'SELECT event_id FROM events WHERE project_id = 2',
    );
    const { data, errors } = await ask(
      `query ($own: ID!, $foreign: ID!) { own: event(id: $own) { id } again: event(id: $own) { name }
        foreign: event(id: $foreign) { id } unknown: event(id: "${randomUUID()}") { id } }`,
      { variables: { own: own?.id.toUpperCase(), foreign: foreign?.event_id } },
    );
    expect(errors).toEqual([]);
    expect(data).toEqual({ own, again: { name: expect.any(String) as string }, foreign: null, unknown: null });
  });

  it('of another project are nobody else’s', async () => {
    const other = askingGraphql(test.api.url, await test.addKey(['read'], 2));
    const { data } = await other(`{ lastEvents { name } events { edges { node { name } } } topEvents { name } }`);
    expect(data).toEqual({
      lastEvents: [{ name: 'foreign' }],
      events: { edges: [{ node: { name: 'foreign' } }] },
      topEvents: [{ name: 'foreign' }],
    });
    const { data: own } = await ask('{ lastEvents(limit: 200, filter: { name: "foreign" }) { id } }');
    expect(own).toEqual({ lastEvents: [] });
  });

  it('fill lastEvents, also where REST needs several pages, and not for ever in one request', async () => {
    // What agrees with both terms is behind 4000 that agree with one: three looks.
    const events = Array.from({ length: 8200 }, (_, n) =>
      anEvent({
        projectId: 3,
        name: n % 2 === 0 ? 'even' : 'odd',
        source: n % 2 === 1 || n === 8000 ? 'shop' : 'till',
        occurredAt: new Date(Date.now() - n),
        data: { n },
      }),
    );
    await test.db.database.query(`INSERT INTO projects (id, name) VALUES (3, 'third')`);
    await storeEvents(test.db.database, events);
    const third = askingGraphql(test.api.url, await test.addKey(['read'], 3));
    const list = (n: number): string =>
      `a${n}: lastEvents(limit: ${n}, filter: { name: "even", source: "shop" }) { data }`;
    const { data, errors } = await third(`{ ${Array.from({ length: 11 }, (_, n) => list(n + 2)).join(' ')} }`);
    expect(Object.values(data ?? {}).slice(0, 10)).toEqual(Array(10).fill([{ data: { n: 8000 } }]));
    expect(errors).toMatchObject([{ path: ['a12'], extensions: { code: 'too-costly' } }]);
  });

  it('of one request take 8 MiB: a page ends there, and lastEvents says so', async () => {
    const text = 'x'.repeat(250_000);
    await test.db.database.query(`INSERT INTO projects (id, name) VALUES (4, 'fourth')`);
    await storeEvents(
      test.db.database,
      Array.from({ length: 50 }, (_, n) => anEvent({ projectId: 4, data: { n, text } })),
    );
    const fourth = askingGraphql(test.api.url, await test.addKey(['read'], 4));
    const page = 'events(first: 50) { edges { node { id data } } pageInfo { hasNextPage endCursor } }';
    const { data } = await fourth(`{ ${page} other: events(first: 49) { edges { node { id } } } }`);
    const { edges, pageInfo } = data?.['events'] as Page;
    expect(edges.length).toBeGreaterThan(30);
    expect(edges.length).toBeLessThan(34);
    expect(pageInfo).toMatchObject({ hasNextPage: true, endCursor: expect.any(String) as string });
    expect((data?.['other'] as Page).edges).toHaveLength(1);
    const last = await fourth('{ lastEvents(limit: 50) { id } }');
    expect([last.data, codesOf(last)]).toEqual([{ lastEvents: null }, ['too-costly']]);
    // Shown as read, and as often as they go out.
    const both = await fourth(`{ ${page} again: ${page} }`);
    expect([both.data?.['again'], codesOf(both)]).toEqual([null, ['too-costly']]);
    expect(both.data?.['events']).toEqual(data?.['events']);
    const twice = await fourth('{ events(first: 50) { edges { node { a: data b: data } } } }');
    expect([twice.data, codesOf(twice)]).toEqual([{ events: null }, ['too-costly']]);
    const [a, b] = edges.map(({ node }) => node.id);
    const byId = await fourth(`{ ${page} a: event(id: "${a}") { id } b: event(id: "${b}") { id } }`);
    expect([byId.data?.['b'], codesOf(byId)]).toEqual([null, ['too-costly']]);
  });
});

describe('statistics', () => {
  it('are those of REST', async () => {
    const from = shiftDay(DAY, -299);
    const { data, errors } = await ask(`{
      dau(from: "${from}", to: "${DAY}") { date unique_users: uniqueUsers }
      filled: dau(from: "${from}", fill: zero) { date unique_users: uniqueUsers }
      topEvents(from: "${from}", limit: 5) { name count }
      retention(startDate: "${from}", windows: 300) { cohort_size: cohortSize windows { day count rate } }
      fresh: retention(startDate: "${from}", cohort: new) { cohort_size: cohortSize windows { day count rate } }
      aggregatedMetrics(minutes: 600, name: "name.0") { total_amount: totalAmount event_count: eventCount minute: timeWindow }
    }`);
    expect(errors).toEqual([]);
    const range = `from=${from}&to=${DAY}`;
    expect(data).toEqual({
      dau: await rest(`/api/v1/stats/dau?${range}`),
      filled: await rest(`/api/v1/stats/dau?${range}&fill=zero`),
      topEvents: await rest(`/api/v1/stats/top-events?${range}&limit=5`),
      retention: await rest(`/api/v1/stats/retention?start_date=${from}&windows=300`),
      fresh: await rest(`/api/v1/stats/retention?start_date=${from}&cohort=new`),
      aggregatedMetrics: await rest('/api/v1/stats/per-minute?minutes=600&name=name.0'),
    });
    expect(data?.['aggregatedMetrics']).not.toEqual([]);
  });

  it('have the defaults of REST', async () => {
    const { data } = await ask(
      '{ dau { date } topEvents { name } aggregatedMetrics { eventCount } lastEvents { id } events { edges { cursor } } }',
    );
    const count = async (path: string): Promise<number> => ((await rest(path)) as unknown[]).length;
    const lengths = Object.values({ ...data, events: undefined }).map(
      (list) => (list as unknown[] | undefined)?.length,
    );
    expect(lengths).toEqual([
      await count('/api/v1/stats/dau'),
      await count('/api/v1/stats/top-events'),
      await count('/api/v1/stats/per-minute'),
      20,
      undefined,
    ]);
    expect((data?.['events'] as Page).edges).toHaveLength(20);
  });

  it('are read once, however often one request asks', async () => {
    const read = jest.spyOn(test.api.app.get(Statistics), 'topEvents');
    const aliases = Array.from({ length: 20 }, (_, n) => `a${n}: topEvents(limit: 1000) { name }`).join(' ');
    const { data, errors } = await ask(`{ ${aliases} }`);
    expect(errors).toEqual([]);
    expect(Object.keys(data ?? {})).toHaveLength(20);
    expect(read).toHaveBeenCalledTimes(1);
    read.mockRestore();
  });
});

describe('arguments', () => {
  const bad: readonly [string, string][] = [
    ['lastEvents(limit: 0) { id }', 'limit must be a whole number from 1 to 200'],
    ['lastEvents(limit: 201) { id }', 'limit must be a whole number from 1 to 200'],
    ['events(first: -1) { edges { cursor } }', 'first must be a whole number from 1 to 200'],
    ['events(after: "x") { edges { cursor } }', 'after is none of this list'],
    [
      'events(filter: { from: "tomorrow" }) { edges { cursor } }',
      'filter.from must be an RFC 3339 date-time with zone',
    ],
    ['lastEvents(filter: { from: "2026-02-01", to: "2026-01-01" }) { id }', 'filter.from must not be after to'],
    ['lastEvents(filter: { userId: "" }) { id }', 'filter.userId must'],
    ['lastEvents(filter: { name: "a\\u0000" }) { id }', 'filter.name must'],
    ['event(id: "1") { id }', 'id must be a UUID'],
    ['aggregatedMetrics(minutes: 10081) { eventCount }', 'minutes must be a whole number from 1 to 10080'],
    ['aggregatedMetrics(name: "") { eventCount }', 'name must'],
    ['topEvents(limit: 1001) { name }', 'limit must be a whole number from 1 to 1000'],
    ['topEvents(from: "2026-02-30") { name }', 'from must be a date like 2026-11-21'],
    ['dau(from: "2026-02-01", to: "2026-01-01") { date }', 'from must not be after to'],
    ['dau(from: "1800-01-01", to: "2026-01-01") { date }', 'from must leave at most 36600 days'],
    ['retention(startDate: "x") { cohortSize }', 'startDate must be a date like 2026-11-21'],
    ['retention(startDate: "2026-01-01", windows: 367) { cohortSize }', 'windows must be a whole number from 1 to 366'],
  ];

  it.each(bad)('%s is refused in the words of REST', async (field, message) => {
    const { status, data, errors } = await ask(`{ ${field} }`);
    expect(status).toBe(200);
    expect(Object.values(data ?? {})).toEqual([null]);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toMatch(message);
    expect(errors[0]?.extensions).toMatchObject({ code: 'invalid', field: message.split(' ')[0] });
    expect(Object.keys(errors[0]!.extensions).sort()).toEqual(['code', 'errors', 'field']);
  });

  it('leaves the others their answers', async () => {
    const { data, errors } = await ask('{ bad: lastEvents(limit: 0) { id } good: lastEvents(limit: 1) { name } }');
    expect(data).toMatchObject({ bad: null, good: [{}] });
    expect(errors.map(({ path }) => path)).toEqual([['bad']]);
  });

  it('refuses a cursor of another filter', async () => {
    const { data } = await ask('{ events(first: 1) { pageInfo { endCursor } } }');
    const after = (data?.['events'] as Page).pageInfo.endCursor;
    const { errors } = await ask(`{ events(after: "${after}", filter: { name: "x" }) { edges { cursor } } }`);
    expect(errors[0]?.extensions).toMatchObject({ field: 'after', errors: [{ code: 'conflict' }] });
  });

  it('takes null for missing', async () => {
    const { errors } = await ask(
      '{ lastEvents(limit: null, filter: null) { id } dau(from: null, fill: null) { date } }',
    );
    expect(errors).toEqual([]);
  });
});

it('shows its schema to whoever has a key, and not when it may not', async () => {
  const { data, errors } = await ask(getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true }));
  expect(errors).toEqual([]);
  expect(data).toHaveProperty('__schema.queryType.name', 'Query');
  const closed = await runningApi({ MILLRACE_GRAPHQL_INTROSPECTION: 'false' });
  try {
    const refused = await askingGraphql(closed.api.url, closed.key)('{ __schema { types { name } } lastEvent { id } }');
    expect([refused.status, codesOf(refused)]).toEqual([400, ['invalid']]);
    expect(JSON.stringify(refused.errors)).not.toContain('lastEvents');
    const query = 'query ($filter: EventFilter) { lastEvents(filter: $filter) { id } }';
    const unknown = await askingGraphql(closed.api.url, closed.key)(query, { variables: { filter: { nam: 'x' } } });
    expect(codesOf(unknown)).toEqual(['invalid']);
    expect(JSON.stringify(unknown.errors)).not.toContain('name');
  } finally {
    await closed.stop();
  }
});
