import { freshDatabase, type FreshDatabase } from '@app/testing';
import { HotMinutes } from './hot-minutes';

let db: FreshDatabase;
beforeEach(async () => {
  db = await freshDatabase();
});
afterEach(async () => {
  await db.drop();
});

it('removes the minutes of every project from a day before the hot window, and no others', async () => {
  for (const [table, name, value] of [
    ['minute_totals', '', ''],
    ['minute_metrics', ', name', `, 'a'`],
  ]) {
    await db.database.query(
      `INSERT INTO ${table} (project_id, minute${name}, event_count, total_amount)
       SELECT project, '2026-03-01T00:00:00Z'::timestamptz + n * interval '1 minute' ${value}, 1, 0
       FROM generate_series(0, 5999) AS n, unnest(ARRAY[1, 7]) AS project`,
    );
  }
  const minutes = new HotMinutes(db.database);
  // The hot window begins on the 5th; the 4th is left to those whose clocks are behind.
  const now = new Date('2026-03-12T10:00:00Z');
  const removed = await Promise.all([minutes.removeOld(now), new HotMinutes(db.database).removeOld(now)]);
  expect(removed.reduce((sum, count) => sum + count)).toBe(4 * 3 * 1440);
  const left = await db.database.query(`SELECT min(minute) = '2026-03-04T00:00:00Z' AS kept, count(*)::int4 AS count
    FROM (SELECT minute FROM minute_totals UNION ALL SELECT minute FROM minute_metrics) AS m`);
  expect(left).toEqual([{ kept: true, count: 4 * (6000 - 3 * 1440) }]);
});
