import type { Event } from '@app/events';
import { recountRollups } from '@app/persistence';
import { anEvent, storeEvents } from '@app/testing';
import { freshColdTier, type FreshColdTier } from '../test/fresh-cold-tier';
import { ColdStore } from './cold-store';

const HOUR_MS = 3_600_000;

let tier: FreshColdTier;
let db: FreshColdTier['db'];
beforeEach(async () => {
  tier = await freshColdTier();
  ({ db } = tier);
});
afterEach(() => tier.drop());

const hoursAgo = (hours: number): Date => new Date(Date.now() - hours * HOUR_MS);

/** One every seven hours, back to times of which only days are counted, with amounts that no double adds up exactly. */
const someEvents = (): Event[] =>
  Array.from({ length: 120 }, (_, n) =>
    anEvent({
      occurredAt: hoursAgo(n * 7),
      name: `name-${n % 5}`,
      userId: n % 4 === 0 ? undefined : `user-${n % 6}`,
      amount: n % 3 === 0 ? undefined : n % 2 === 0 ? 0.1 : 999_999_999_999_999,
    }),
  );

it('finds the same in both tiers as in the hot one, wherever the border is, and what differs', async () => {
  await storeEvents(db.database, [...someEvents(), anEvent({ occurredAt: new Date('0001-01-01T00:00:00Z') })]);
  const cold = new ColdStore(tier.storage, tier.engine);
  const differing = async (): Promise<unknown> =>
    (await recountRollups(db.database, { atMost: 3, cold })).filter((table) => table.differing > 0);
  expect(await differing()).toEqual([]);
  for (const hours of [500, 200, 50.5, 0]) {
    await tier.archiver.run({ boundary: hoursAgo(hours), maxRows: 23 });
    expect([hours, await differing()]).toEqual([hours, []]);
  }
  await storeEvents(db.database, someEvents());
  expect(await differing()).toEqual([]);
  await db.database.query(`UPDATE day_metrics SET total_amount = total_amount + 0.000000001 WHERE day = '0001-01-01'`);
  await db.database.query(`DELETE FROM users WHERE user_id = 'user-3'`);
  expect(await differing()).toMatchObject([
    { table: 'day_metrics', differing: 1 },
    { table: 'users', differing: 1 },
  ]);
  await expect(recountRollups(db.database, { atMost: 3 })).rejects.toThrow('nobody to count them');
});
