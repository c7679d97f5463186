import request, { type Test } from 'supertest';
import { eventually, TcpProxy } from '@app/testing';
import { runningApi, type TestApi } from './running-api';
import { storeBodies } from './store-bodies';

const STATS = '/api/v1/stats';
const DAY_MS = 86_400_000;

let test: TestApi;
beforeAll(async () => {
  test = await runningApi();
});
afterAll(() => test.stop());

function get(path: string, key = test.key): Test {
  return request(test.api.url).get(`${STATS}/${path}`).set('X-API-Key', key);
}

function daysAgo(days: number): string {
  return new Date(Date.now() - days * DAY_MS).toISOString();
}

async function bodyOf(path: string, key?: string): Promise<unknown> {
  const answer = await get(path, key);
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.body;
}

/** Runs the assertions again when a day has begun while they ran. */
async function withinADay(assertions: (today: string) => Promise<void>): Promise<void> {
  await eventually(async () => {
    const today = daysAgo(0).slice(0, 10);
    try {
      await assertions(today);
    } catch (error) {
      expect(daysAgo(0).slice(0, 10)).not.toBe(today);
      throw error;
    }
  });
}

describe('a parameter', () => {
  it.each([
    ['dau?from=2026-02-30', 'from', 'format'],
    ['dau?from=2026-2-3', 'from', 'format'],
    ['dau?from=0000-12-31', 'from', 'format'],
    ['dau?from=', 'from', 'format'],
    ['dau?from=2026-02-28T00:00:00Z', 'from', 'format'],
    ['dau?to=today', 'to', 'format'],
    ['dau?to=%00', 'to', 'format'],
    ['dau?from=2026-03-01&to=2026-02-28', 'from', 'range'],
    ['dau?from=9999-12-31', 'from', 'range'],
    ['dau?from=1900-01-01&to=2000-03-17', 'from', 'range'],
    ['dau?from=2026-01-01&from=2026-01-02', 'from', 'range'],
    ['dau?fill=one', 'fill', 'range'],
    ['dau?limit=1', 'limit', 'unknown_field'],
    ['top-events?from=1900-01-01&to=2000-03-17', 'from', 'range'],
    ['top-events?limit=0', 'limit', 'range'],
    ['top-events?limit=1001', 'limit', 'range'],
    ['top-events?limit=1e1', 'limit', 'range'],
    ['top-events?fill=zero', 'fill', 'unknown_field'],
    ['retention', 'start_date', 'required'],
    ['retention?start_date=2026-13-01', 'start_date', 'format'],
    ['retention?start_date=2026-01-01&windows=0', 'windows', 'range'],
    ['retention?start_date=2026-01-01&windows=367', 'windows', 'range'],
    ['retention?start_date=2026-01-01&cohort=all', 'cohort', 'range'],
    ['retention?start_date=2026-01-01&to=2026-01-02', 'to', 'unknown_field'],
    ['per-minute?minutes=0', 'minutes', 'range'],
    ['per-minute?minutes=10081', 'minutes', 'range'],
    ['per-minute?minutes=-1', 'minutes', 'range'],
    ['per-minute?name=', 'name', 'range'],
    ['per-minute?name=%00', 'name', 'range'],
    [`per-minute?name=${'x'.repeat(201)}`, 'name', 'range'],
    ['per-minute?name=a&name=b', 'name', 'range'],
    ['per-minute?fill=', 'fill', 'range'],
    ['per-minute?from=2026-01-01', 'from', 'unknown_field'],
    ['per-minute?__proto__=1', '__proto__', 'unknown_field'],
  ])('of %s is refused: %s', async (path, field, code) => {
    const answer = await get(path);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ field, code }] });
  });

  it('that is wrong is named beside the others', async () => {
    const answer = await get('dau?from=x&to=y');
    expect((answer.body as { errors: { field: string }[] }).errors.map(({ field }) => field)).toEqual(['from', 'to']);
  });

  it.each([
    'dau?from=1900-01-01&to=2000-03-16',
    'dau?from=0001-01-01&to=0001-01-01',
    'dau?to=0001-01-05&fill=zero',
    'dau?from=9999-12-31&to=9999-12-31&fill=zero',
    'top-events?from=1900-01-01&to=2000-03-16&limit=1000',
    'top-events?limit=1',
    'retention?start_date=0001-01-01&windows=366&cohort=new',
    'retention?start_date=9999-12-31&windows=1&cohort=active',
    'per-minute?minutes=10080&fill=zero',
    `per-minute?minutes=1&name=${encodeURIComponent('😀'.repeat(200))}`,
  ])('may be as large as in %s', async (path) => {
    expect((await get(path)).status).toBe(200);
  });
});

describe('the statistics', () => {
  let key: string;
  let projectId = 100;
  beforeEach(async () => {
    projectId += 1;
    await test.db.database.query('INSERT INTO projects (id, name) VALUES ($1, $2)', [projectId, `p${projectId}`]);
    key = await test.addKey(['read'], projectId);
  });

  const store = (...bodies: Readonly<Record<string, unknown>>[]): Promise<unknown> =>
    storeBodies(test.db.database, bodies, projectId);

  it('are of the last 30 days unless others are asked for', async () => {
    await store(
      { name: 'a', user_id: 'u1' },
      { name: 'b', user_id: 'u1', occurred_at: daysAgo(29) },
      { name: 'c', user_id: 'u1', occurred_at: daysAgo(30) },
    );
    await withinADay(async (today) => {
      const days = [
        { date: daysAgo(29).slice(0, 10), unique_users: 1 },
        { date: today, unique_users: 1 },
      ];
      expect(await bodyOf('dau', key)).toEqual(days);
      expect(await bodyOf('dau?fill=zero', key)).toHaveLength(30);
      expect(await bodyOf('top-events', key)).toEqual([
        { name: 'a', count: 1 },
        { name: 'b', count: 1 },
      ]);
    });
  });

  it('have UTC days, whatever the zone of an event', async () => {
    await store(
      { user_id: 'u1', occurred_at: '2026-02-28T23:59:59.999Z' },
      { user_id: 'u2', occurred_at: '2026-03-01T01:00:00+02:00' },
      { user_id: 'u3', occurred_at: '2026-02-28T20:00:00-04:00' },
    );
    expect(await bodyOf('dau?from=2026-02-27&to=2026-03-02', key)).toEqual([
      { date: '2026-02-28', unique_users: 2 },
      { date: '2026-03-01', unique_users: 1 },
    ]);
  });

  it('count a user once a day, and events without one not at all', async () => {
    const occurred_at = '2025-06-01T12:00:00Z';
    await store({ user_id: 'u1', occurred_at }, { user_id: 'u1', occurred_at }, { occurred_at });
    expect(await bodyOf('dau?from=2025-06-01&to=2025-06-02&fill=zero', key)).toEqual([
      { date: '2025-06-01', unique_users: 1 },
      { date: '2025-06-02', unique_users: 0 },
    ]);
  });

  it('tell the first 1000 names of a day apart, and the others as one', async () => {
    const occurred_at = '2025-06-01T12:00:00Z';
    const names = Array.from({ length: 1000 }, (_, number) => ({ name: `n${number}`, occurred_at }));
    await store(...names, { name: 'n7', occurred_at });
    await store({ name: 'late', occurred_at }, { name: 'later', occurred_at }, { name: 'n7', occurred_at });
    expect(await bodyOf('top-events?from=2025-06-01&to=2025-06-01&limit=2', key)).toEqual([
      { name: 'n7', count: 3 },
      { name: 'n0', count: 1 },
      { name: 'other', count: 2, other: true },
    ]);
    expect(await bodyOf('top-events?from=2025-06-01&to=2025-06-01&limit=1000', key)).toHaveLength(1001);
  });

  it('tell by minute also of a name that came after the first 1000', async () => {
    const occurred_at = daysAgo(0);
    const names = Array.from({ length: 1000 }, (_, number) => ({ name: `n${number}`, occurred_at }));
    await store(...names);
    await store({ name: 'late', occurred_at, amount: 0.1 }, { name: 'late', occurred_at, amount: 0.2 });
    const minute = `${occurred_at.slice(0, 17)}00.000Z`;
    expect(await bodyOf('per-minute?minutes=10080&name=late', key)).toEqual([
      { minute, event_count: 2, total_amount: 0.3 },
    ]);
    expect(await bodyOf('per-minute', key)).toEqual([{ minute, event_count: 1002, total_amount: 0.3 }]);
  });

  it('tell of cohorts: the users of a day, and those who are new on it', async () => {
    const on = (user_id: string, day: string): Record<string, string> => ({
      user_id,
      occurred_at: `2025-06-${day}T12:00:00Z`,
    });
    await store(on('old', '01'), on('old', '02'), on('new', '02'), on('gone', '02'), on('new', '04'), on('old', '03'));
    expect(await bodyOf('retention?start_date=2025-06-02&windows=3', key)).toEqual({
      cohort_size: 3,
      windows: [
        { day: 0, count: 3, rate: 1 },
        { day: 1, count: 1, rate: 1 / 3 },
        { day: 2, count: 1, rate: 1 / 3 },
      ],
    });
    expect(await bodyOf('retention?start_date=2025-06-02&windows=3&cohort=new', key)).toEqual({
      cohort_size: 2,
      windows: [
        { day: 0, count: 2, rate: 1 },
        { day: 1, count: 0, rate: 0 },
        { day: 2, count: 1, rate: 0.5 },
      ],
    });
    expect(await bodyOf('retention?start_date=2025-06-09&windows=1', key)).toEqual({
      cohort_size: 0,
      windows: [{ day: 0, count: 0, rate: null }],
    });
    expect((await get('retention?start_date=2025-06-02', key)).body).toMatchObject({ windows: { length: 7 } });
  });

  it('leave out what has not occurred yet by minute, and know it by day', async () => {
    await store({ user_id: 'u1', occurred_at: daysAgo(-0.5) }, { user_id: 'u1', occurred_at: daysAgo(0.01) });
    expect(await bodyOf('per-minute?minutes=10080', key)).toHaveLength(1);
    const tomorrow = daysAgo(-1).slice(0, 10);
    expect(await bodyOf(`top-events?to=${tomorrow}`, key)).toEqual([{ name: 'n', count: 2 }]);
  });

  it('of another project are never in them', async () => {
    await store({ name: 'secret', user_id: 'u1', amount: 5 });
    const other = await test.addKey(['read']);
    const today = daysAgo(0).slice(0, 10);
    for (const path of ['dau', 'top-events', 'per-minute', 'per-minute?name=secret'])
      expect([path, await bodyOf(path, other)]).toEqual([path, []]);
    const retention = await bodyOf(`retention?start_date=${today}&windows=1`, other);
    expect(retention).toEqual({ cohort_size: 0, windows: [{ day: 0, count: 0, rate: null }] });
  });
});

describe('without PostgreSQL', () => {
  it('every statistic is 503, and an answer again when it is back', async () => {
    const url = new URL(test.db.url);
    const proxy = await TcpProxy.to(Number(url.port), url.hostname);
    url.host = `127.0.0.1:${proxy.port}`;
    const away = await runningApi({ DATABASE_URL: url.href });
    const key = await test.addKey(['read']);
    const paths = ['dau', 'top-events', 'retention?start_date=2026-01-01', 'per-minute', 'per-minute?name=a'];
    const statuses = (): Promise<number[]> =>
      Promise.all(
        paths.map(async (path) => {
          const answer = await request(away.api.url).get(`${STATS}/${path}`).set('X-API-Key', key);
          if (answer.status === 503) expect(answer.headers['retry-after']).toMatch(/^\d+$/);
          return answer.status;
        }),
      );
    expect(await statuses()).toEqual(paths.map(() => 200));
    proxy.cut();
    expect(await statuses()).toEqual(paths.map(() => 503));
    proxy.heal();
    await eventually(async () => {
      expect(await statuses()).toEqual(paths.map(() => 200));
    });
    await away.stop();
    await proxy.close();
  });
});
