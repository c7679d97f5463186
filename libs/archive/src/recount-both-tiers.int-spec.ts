import type { Event } from '@app/events';
import { ColdFileGoneError, EventPartitions, recountRollups, type ColdEvents } from '@app/persistence';
import { anEvent, storeEvents } from '@app/testing';
import { freshColdTier, type FreshColdTier } from '../test/fresh-cold-tier';
import { Archiver } from './archiver';
import { ColdReads } from './cold-reads';
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

const differing = async (cold: ColdEvents): Promise<unknown> =>
  (await recountRollups(db.database, { atMost: 3, cold })).filter((table) => table.differing > 0);

/** Reads files, and something happens before the users of one are read. */
class Interrupted extends ColdReads {
  readonly files: string[] = [];

  constructor(
    private readonly at: number,
    private readonly happens: () => Promise<void>,
  ) {
    super(tier.storage, tier.engine);
  }

  override async userDays(...[segment, take]: Parameters<ColdReads['userDays']>): Promise<void> {
    this.files.push(segment.file);
    if (this.files.length === this.at) await this.happens();
    return super.userDays(segment, take);
  }
}

it('finds the same in both tiers as in the hot one, wherever the border is, and what differs', async () => {
  await storeEvents(db.database, [...someEvents(), anEvent({ occurredAt: new Date('0001-01-01T00:00:00Z') })]);
  const cold = new ColdStore(tier.storage, tier.engine);
  expect(await differing(cold)).toEqual([]);
  for (const hours of [500, 200, 50.5, 0]) {
    await tier.archiver.run({ boundary: hoursAgo(hours), maxRows: 23 });
    expect([hours, await differing(cold)]).toEqual([hours, []]);
  }
  await storeEvents(db.database, someEvents());
  expect(await differing(cold)).toEqual([]);
  await db.database.query(`UPDATE day_metrics SET total_amount = total_amount + 0.000000001 WHERE day = '0001-01-01'`);
  await db.database.query(`DELETE FROM users WHERE user_id = 'user-3'`);
  expect(await differing(cold)).toMatchObject([
    { table: 'day_metrics', differing: 1 },
    { table: 'users', differing: 1 },
  ]);
  await expect(recountRollups(db.database, { atMost: 3 })).rejects.toThrow('nobody to count them');
});

it('finds the same while the rest of a day is moved, and lets nobody drop its partition meanwhile', async () => {
  const partitions = new EventPartitions(db.database);
  await partitions.ensure(hoursAgo(20 * 24));
  await storeEvents(db.database, someEvents());
  await tier.archiver.run({ boundary: hoursAgo(400) });
  const dropEmpty = (of: EventPartitions) => of.dropEmpty(new Date(), hoursAgo(8 * 24));
  let deferred: readonly string[] = [];
  const cold = new Interrupted(1, async () => {
    await tier.archiver.run({ boundary: hoursAgo(0) });
    ({ deferred } = await dropEmpty(partitions));
  });
  expect(await differing(cold)).toEqual([]);
  expect(deferred).not.toEqual([]);
  expect((await dropEmpty(new EventPartitions(db.database, 10_000))).dropped).toEqual(deferred);
});

it('begins with a new snapshot when a file was replaced and removed before it was read, and reads the others once', async () => {
  const archiver = new Archiver(db.config, tier.storage, tier.engine, 0);
  const archive = (maxRows = 1000) => archiver.run({ boundary: hoursAgo(0), maxRows });
  await storeEvents(db.database, someEvents());
  await archiver.run({ boundary: hoursAgo(28 * 7 - 1) });
  expect(await archive(4)).toMatchObject({ segments: 7, merged: 0 });
  const cold = new Interrupted(3, async () => {
    await storeEvents(db.database, someEvents().slice(0, 4));
    expect(await archive()).toMatchObject({ segments: 1, merged: 8 });
    await archive();
  });
  expect(await differing(cold)).toEqual([]);
  expect(cold.files).toHaveLength(4);
});

it('is not done without a file that the manifest names', async () => {
  await storeEvents(db.database, someEvents());
  await tier.archiver.run({ boundary: hoursAgo(0), maxRows: 40 });
  const lost: Interrupted = new Interrupted(2, async () => tier.storage.remove([lost.files[1] ?? '']));
  await expect(differing(lost)).rejects.toThrow(ColdFileGoneError);
  expect(new Set(lost.files).size).toBe(2);
});
