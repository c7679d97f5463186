import { anEvent, freshDatabase, storeEvents, type FreshDatabase } from '@app/testing';
import type { Event } from '@app/events';
import fc from 'fast-check';
import { Statistics } from './statistics';
import { shiftDay } from './utc-day';

let db: FreshDatabase;
let statistics: Statistics;
let project = 0;
beforeAll(async () => {
  db = await freshDatabase();
  statistics = new Statistics(db.database);
});
beforeEach(() => {
  project += 10;
});
afterAll(() => db.drop());

async function addRows(table: string, rows: readonly object[]): Promise<void> {
  await db.database.query(`INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1::jsonb)`, [
    JSON.stringify(rows),
  ]);
}

async function addDayUsers(days: Readonly<Record<string, number>>, projectId = project): Promise<void> {
  const rows = Object.entries(days).map(([day, users]) => ({ project_id: projectId, day, users, new_users: users }));
  await addRows('day_users', rows);
}

interface DayCount {
  readonly day: string;
  readonly name: string;
  readonly events: number;
}

/** Fills the days, and the months as their sums. */
async function addNames(counts: readonly DayCount[], projectId = project): Promise<void> {
  const row = ({ name, events }: DayCount): object => ({
    project_id: projectId,
    name,
    event_count: events,
    total_amount: 0,
  });
  await addRows(
    'day_metrics',
    counts.map((count) => ({ ...row(count), day: count.day })),
  );
  await db.database.query(
    `INSERT INTO month_metrics (project_id, month, name, event_count, total_amount)
     SELECT project_id, date_trunc('month', day::timestamp)::date, name, sum(event_count), sum(total_amount)
     FROM day_metrics WHERE project_id = $1 GROUP BY 1, 2, 3`,
    [projectId],
  );
}

describe('the daily users', () => {
  it('are those of the days of the range, both ends included, oldest first', async () => {
    await addDayUsers({ '2026-03-02': 5, '2026-02-28': 2, '2026-02-27': 9, '2026-03-03': 9 });
    await addDayUsers({ '2026-03-01': 7 }, project + 1);
    expect(await statistics.dau(project, { from: '2026-02-28', to: '2026-03-02' })).toEqual([
      { date: '2026-02-28', uniqueUsers: 2 },
      { date: '2026-03-02', uniqueUsers: 5 },
    ]);
  });

  it('have a day for each of the range when they are to be filled', async () => {
    await addDayUsers({ '2024-02-29': 1 });
    expect(await statistics.dau(project, { from: '2024-02-28', to: '2024-03-01', fill: true })).toEqual([
      { date: '2024-02-28', uniqueUsers: 0 },
      { date: '2024-02-29', uniqueUsers: 1 },
      { date: '2024-03-01', uniqueUsers: 0 },
    ]);
  });

  it('do not show a day whose users are all gone', async () => {
    await addDayUsers({ '2026-01-01': 0 });
    expect(await statistics.dau(project, { from: '2026-01-01', to: '2026-01-01' })).toEqual([]);
  });

  it('know the first and the last day that there is', async () => {
    await addDayUsers({ '0001-01-01': 1, '0099-12-31': 2, '9999-12-31': 3 });
    expect(await statistics.dau(project, { from: '0001-01-01', to: '9999-12-31' })).toEqual([
      { date: '0001-01-01', uniqueUsers: 1 },
      { date: '0099-12-31', uniqueUsers: 2 },
      { date: '9999-12-31', uniqueUsers: 3 },
    ]);
  });
});

describe('the top events', () => {
  it('are the most frequent first, ties by the bytes of the name', async () => {
    const day = '2026-01-15';
    const names = ['b', 'a', 'Z', 'é', '～', '😀'];
    await addNames([...names.map((name) => ({ day, name, events: 3 })), { day, name: 'most', events: 4 }]);
    const top = await statistics.topEvents(project, { from: day, to: day, limit: 1000 });
    expect(top.names.map(({ name }) => name)).toEqual(['most', 'Z', 'a', 'b', 'é', '～', '😀']);
    expect(top.otherCount).toBe(0);
  });

  it('show the names without a row of their own apart, beyond the limit', async () => {
    const day = '2026-01-15';
    await addNames([
      { day, name: '', events: 100 },
      { day, name: 'a', events: 2 },
      { day, name: 'b', events: 1 },
    ]);
    const range = { from: day, to: day };
    const [a, b] = [
      { name: 'a', count: 2 },
      { name: 'b', count: 1 },
    ];
    expect(await statistics.topEvents(project, { ...range, limit: 1 })).toEqual({ names: [a], otherCount: 100 });
    expect(await statistics.topEvents(project, { ...range, limit: 2 })).toEqual({ names: [a, b], otherCount: 100 });
  });

  it('of a project and days without events are none', async () => {
    await addNames([{ day: '2026-01-15', name: 'a', events: 1 }], project + 1);
    const range = { from: '0001-01-01', to: '9999-12-31' };
    expect(await statistics.topEvents(project, { ...range, limit: 10 })).toEqual({ names: [], otherCount: 0 });
  });

  it('are those of any range of days, recounted', async () => {
    const first = '2023-11-20';
    const number = (max: number) => fc.integer({ min: 0, max });
    const counts = fc
      .sample(fc.record({ day: number(500), name: fc.constantFrom('a', 'b', 'c', ''), events: number(9) }), 700)
      .map((count) => ({ ...count, day: shiftDay(first, count.day) }));
    const rows = [...new Map(counts.map((count) => [`${count.day} ${count.name}`, count])).values()];
    await addNames(rows);
    const range = fc.tuple(number(520), number(520)).map(([a, b]) => ({
      from: shiftDay(first, Math.min(a, b) - 10),
      to: shiftDay(first, Math.max(a, b) - 10),
    }));
    const property = fc.asyncProperty(range, async ({ from, to }) => {
      const sums = new Map<string, number>();
      for (const { day, name, events } of rows)
        if (day >= from && day <= to) sums.set(name, (sums.get(name) ?? 0) + events);
      const names = [...sums].filter(([name, count]) => name !== '' && count > 0).sort();
      names.sort(([, one], [, other]) => other - one);
      expect(await statistics.topEvents(project, { from, to, limit: 10 })).toEqual({
        names: names.map(([name, count]) => ({ name, count })),
        otherCount: sums.get('') ?? 0,
      });
    });
    await fc.assert(property, { numRuns: 200 });
  });
});

describe('the retention', () => {
  beforeEach(async () => {
    await addRows('day_users', [{ project_id: project, day: '2026-01-01', users: 8, new_users: 3 }]);
    const later = (days_later: number, active_users: number, new_users: number): object => ({
      project_id: project,
      start_day: '2026-01-01',
      days_later,
      active_users,
      new_users,
    });
    await addRows('retention_counts', [later(1, 4, 1), later(3, 8, 2), later(365, 1, 0)]);
  });

  it('is told of all users of the day', async () => {
    const asked = { startDay: '2026-01-01', windows: 4, cohort: 'active' } as const;
    expect(await statistics.retention(project, asked)).toEqual({
      cohortSize: 8,
      windows: [
        { day: 0, count: 8, rate: 1 },
        { day: 1, count: 4, rate: 0.5 },
        { day: 2, count: 0, rate: 0 },
        { day: 3, count: 8, rate: 1 },
      ],
    });
    const year = await statistics.retention(project, { ...asked, windows: 366 });
    expect([year.windows.length, year.windows.at(-1)]).toEqual([366, { day: 365, count: 1, rate: 0.125 }]);
  });

  it('is told of the new users of the day', async () => {
    const asked = { startDay: '2026-01-01', windows: 2, cohort: 'new' } as const;
    expect(await statistics.retention(project, asked)).toEqual({
      cohortSize: 3,
      windows: [
        { day: 0, count: 3, rate: 1 },
        { day: 1, count: 1, rate: 1 / 3 },
      ],
    });
  });

  it('of nobody has no rates', async () => {
    const asked = { startDay: '2026-01-02', windows: 2, cohort: 'active' } as const;
    expect(await statistics.retention(project, asked)).toEqual({
      cohortSize: 0,
      windows: [
        { day: 0, count: 0, rate: null },
        { day: 1, count: 0, rate: null },
      ],
    });
    expect((await statistics.retention(project + 1, { ...asked, startDay: '2026-01-01' })).cohortSize).toBe(0);
  });
});

describe('the numbers by minute', () => {
  const now = new Date('2026-05-05T00:01:59.999Z');
  const at = (time: string): Date => new Date(`2026-05-${time}:00.000Z`);
  const totals = (time: string, eventCount: number, totalAmount: number): object => ({
    minute: at(time),
    eventCount,
    totalAmount,
  });
  const row = (time: string, event_count: number, total_amount: string): object => ({
    project_id: project,
    minute: at(time).toISOString(),
    event_count,
    total_amount,
  });

  it('are those of the last minutes up to the one that runs, with exact sums', async () => {
    await addRows('minute_totals', [
      row('04T23:58', 9, '9'),
      row('04T23:59', 2, '0.3'),
      row('05T00:01', 1, '123456789012345678.123456789'),
      row('05T00:02', 9, '9'),
    ]);
    expect(await statistics.perMinute(project, { now, minutes: 3 })).toEqual([
      totals('04T23:59', 2, 0.3),
      totals('05T00:01', 1, 123_456_789_012_345_678.12),
    ]);
    expect(await statistics.perMinute(project, { now, minutes: 3, fill: true })).toEqual([
      totals('04T23:59', 2, 0.3),
      totals('05T00:00', 0, 0),
      totals('05T00:01', 1, 123_456_789_012_345_678.12),
    ]);
    expect(await statistics.perMinute(project + 1, { now, minutes: 10_080 })).toEqual([]);
  });

  it('are those of one name', async () => {
    await addRows('minute_metrics', [
      { ...row('04T23:59', 2, '0.3'), name: 'a' },
      { ...row('04T23:59', 7, '7'), name: 'b' },
      { ...row('05T00:01', 1, '-1'), name: 'a' },
    ]);
    expect(await statistics.perMinute(project, { now, minutes: 10, name: 'a' })).toEqual([
      totals('04T23:59', 2, 0.3),
      totals('05T00:01', 1, -1),
    ]);
    expect(await statistics.perMinute(project, { now, minutes: 10, name: 'c' })).toEqual([]);
  });

  it('of a name that was not counted by itself on a day are counted there, and nowhere twice', async () => {
    const event = (time: string, part: Partial<Event> = {}): Event =>
      anEvent({ projectId: project, name: 'late', occurredAt: new Date(`2026-05-${time}Z`), ...part });
    const events = [
      event('03T23:59:59.999', { amount: 100 }),
      event('04T00:00:00.000', { amount: 0.1 }),
      event('04T00:00:59.999', { amount: 0.2 }),
      event('04T23:59:30.000', { amount: undefined }),
      event('04T23:59:30.000', { name: 'other' }),
      event('04T23:59:30.000', { projectId: project + 1 }),
      event('05T00:01:00.000', { amount: 5 }),
      event('05T00:02:00.000', { amount: 7 }),
    ];
    await storeEvents(db.database, events);
    for (const table of ['minute_totals', 'minute_metrics', 'month_metrics', 'day_metrics'])
      await db.database.query(`DELETE FROM ${table} WHERE project_id = $1`, [project]);
    // On the 4th the name came too late; on the 5th it has rows of its own, which know another number than the events.
    const metric = { project_id: project, event_count: 1, total_amount: 1 };
    await addRows('day_metrics', [
      { ...metric, day: '2026-05-04', name: '' },
      { ...metric, day: '2026-05-05', name: '' },
      { ...metric, day: '2026-05-05', name: 'late' },
    ]);
    await addRows('minute_metrics', [{ ...row('05T00:01', 11, '55'), name: 'late' }]);
    const asked = { now, name: 'late' };
    expect(await statistics.perMinute(project, { ...asked, minutes: 10_080 })).toEqual([
      totals('04T00:00', 2, 0.3),
      totals('04T23:59', 1, 0),
      totals('05T00:01', 11, 55),
    ]);
    expect(await statistics.perMinute(project, { ...asked, minutes: 3 })).toEqual([
      totals('04T23:59', 1, 0),
      totals('05T00:01', 11, 55),
    ]);
    expect(await statistics.perMinute(project, { ...asked, minutes: 2 })).toEqual([totals('05T00:01', 11, 55)]);
  });
});
