import { DeadLetterPlace, Eraser, Erasures, ExpiredDays, HotEvents, recountRollups } from '@app/persistence';
import { anEvent, storeEvents } from '@app/testing';
import { freshColdTier, type FreshColdTier } from '../test/fresh-cold-tier';
import { ColdReads } from './cold-reads';
import { ColdUserEvents } from './cold-user.place';
import { LocalSegmentStorage } from './local/local-segment-storage';

const DAY_MS = 86_400_000;
const today = Math.floor(Date.now() / DAY_MS);
const NOT_TO_BE_HAD = 'lock';

let tier: FreshColdTier;
beforeEach(async () => {
  tier = await freshColdTier();
});
afterEach(() => tier.drop());

/** Whoever stores an event of the user wants the same row. */
class WatchedStorage extends LocalSegmentStorage {
  readonly rowsWhileReading: unknown[] = [];

  override async reading<T>(files: readonly string[], read: (paths: readonly string[]) => Promise<T>): Promise<T> {
    const rows = tier.db.database.query(`SELECT user_id FROM users WHERE user_id = 'mine' FOR UPDATE NOWAIT`);
    this.rowsWhileReading.push(await rows.catch(() => NOT_TO_BE_HAD));
    return super.reading(files, read);
  }
}

it('reads files of an erasure while nobody who stores waits for it, and says of no day too much or too little', async () => {
  const { db, folder, engine } = tier;
  const mine = (days: number, name: string) =>
    anEvent({ userId: 'mine', name, occurredAt: new Date((today - days + 0.5) * DAY_MS) });
  await storeEvents(db.database, [
    mine(9, 'old'),
    mine(10, 'old'),
    anEvent({ userId: 'other', occurredAt: new Date(0) }),
  ]);
  await tier.archiver.run({ boundary: new Date((today - 8) * DAY_MS) });
  // Days that files have, and one that they have not: all are days of PostgreSQL.
  await storeEvents(db.database, [mine(9, 'new'), mine(10, 'new'), mine(11, 'new'), mine(1, 'new')]);
  const storage = new WatchedStorage(folder);
  const erasures = new Erasures(db.database, 0);
  const id = await erasures.request(1, 'mine');
  const cold = new ColdUserEvents({ config: db.config, storage, engine, graceMs: 0 });
  const eraser = new Eraser(db.database, 0, [new DeadLetterPlace(), new HotEvents(), cold, new ExpiredDays()]);
  const userDays: unknown[] = [];
  for (let kind = ''; kind !== 'rest';) {
    kind = (await eraser.step()).kind;
    userDays.push((await erasures.find(1, id))?.removed.userDays);
  }
  expect(await erasures.find(1, id)).toMatchObject({ status: 'done', removed: { hot: 4, cold: 2, userDays: 4 } });
  expect(userDays).toContain(2);
  expect(storage.rowsWhileReading.length).toBeGreaterThan(1);
  expect(storage.rowsWhileReading).not.toContain(NOT_TO_BE_HAD);
  const tables = await recountRollups(db.database, { atMost: 5, cold: new ColdReads(storage, engine) });
  expect(tables.filter(({ differing }) => differing > 0)).toEqual([]);
});
