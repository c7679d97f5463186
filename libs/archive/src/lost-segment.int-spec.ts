import { copyFileSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Event } from '@app/events';
import { DeadLetterPlace, Eraser, Erasures, ExpiredDays, HotEvents, recountRollups } from '@app/persistence';
import { anEvent, runSql, storeEvents, tablesWith } from '@app/testing';
import { filesWith } from '../test/cold-bytes';
import { freshColdTier, type FreshColdTier } from '../test/fresh-cold-tier';
import { ColdStore } from './cold-store';
import { ColdUserEvents } from './cold-user.place';

const DAY_MS = 86_400_000;
const today = Math.floor(Date.now() / DAY_MS);
const boundary = new Date((today - 7) * DAY_MS);
const USER = 'user-4711@example.org';

/** As docs/archive.md has it. */
const [, strike = ''] =
  /```sql\n(WITH lost .*?);\n```/s.exec(readFileSync(join(__dirname, '../../../docs/archive.md'), 'utf8')) ?? [];

let tier: FreshColdTier;
let eraser: Eraser;
let erasures: Erasures;
let files: string[];
beforeEach(async () => {
  tier = await freshColdTier();
  const { db, storage, engine } = tier;
  erasures = new Erasures(db.database, 0);
  const cold = new ColdUserEvents({ config: db.config, storage, engine, graceMs: 0 });
  eraser = new Eraser(db.database, 0, [new DeadLetterPlace(), new HotEvents(), cold, new ExpiredDays()]);
  files = [];
  // The first three have a day in common.
  for (const events of [
    [mine(40), other(40), mine(30)],
    [mine(30), other(30)],
    [mine(30)],
    [mine(20), other(20)],
    [mine(10)],
  ]) {
    await storeEvents(db.database, events);
    await tier.archiver.run({ boundary });
    const [newest] = await db.database.query<{ file: string }>(
      'SELECT file FROM cold_segments ORDER BY id DESC LIMIT 1',
    );
    files.push(newest!.file);
  }
});
afterEach(() => tier.drop());

function mine(days: number, userId = USER): Event {
  return anEvent({ userId, occurredAt: new Date((today - days) * DAY_MS) });
}

function other(days: number): Event {
  return mine(days, 'other');
}

const pathOf = (file: string | undefined): string => join(tier.folder, file!);

/** Until nothing is due, whatever fails. @returns what failed. */
async function work(): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (let kind = ''; kind !== 'rest';) {
    try {
      ({ kind } = await eraser.step());
    } catch (error) {
      failures.push(error);
      kind = 'failed';
    }
  }
  return failures;
}

async function goOn(): Promise<unknown[]> {
  await tier.db.database.query('UPDATE erasures SET resume_at = NULL');
  return work();
}

async function expectGone(): Promise<void> {
  await runSql(tier.db.url, 'VACUUM');
  expect(await filesWith(tier.folder, USER)).toEqual([]);
  expect(await tablesWith(tier.db.url, USER)).toEqual([]);
}

async function expectAgreement(): Promise<void> {
  const cold = new ColdStore(tier.storage, tier.engine);
  const tables = await recountRollups(tier.db.database, { atMost: 5, cold });
  expect(tables.filter(({ differing }) => differing > 0)).toEqual([]);
}

it.each<[string, (path: string) => void]>([
  ['is lost', (path) => { rmSync(path); }], // prettier-ignore
  ['is cut off', (path) => { truncateSync(path, 500); }], // prettier-ignore
])('an erasure removes what it can when a file %s, and is done when that is put back', async (_, breakIt) => {
  const kept = join(tier.folder, '..', 'kept');
  copyFileSync(pathOf(files[0]), kept);
  breakIt(pathOf(files[0]));
  const id = await erasures.request(1, USER);
  expect(await work()).toHaveLength(1);
  for (let more = 0; more < 2; more += 1) expect(await goOn()).toHaveLength(1);
  // The last two files. Those before have a day of which nobody knows what else there is.
  expect(await erasures.find(1, id)).toMatchObject({ status: 'running', removed: { cold: 2 } });
  copyFileSync(kept, pathOf(files[0]));
  expect(await goOn()).toEqual([]);
  expect(await erasures.find(1, id)).toMatchObject({ status: 'done', removed: { cold: 6, userDays: 4 } });
  rmSync(kept);
  await expectAgreement();
  await expectGone();
});

it('a file that is lost for ever can be struck out: the numbers before its end are history then, and erasures end', async () => {
  rmSync(pathOf(files[0]));
  const id = await erasures.request(1, USER);
  expect(await work()).toHaveLength(1);
  await tier.db.database.query(strike.replace(/'events-[^']*'/, '$1'), [files[0]]);
  const projects = await tier.db.database.query('SELECT events_from::text AS day FROM projects WHERE id = 1');
  expect(projects).toEqual([{ day: new Date((today - 29) * DAY_MS).toISOString().slice(0, 10) }]);
  expect(await goOn()).toEqual([]);
  expect(await erasures.find(1, id)).toMatchObject({ status: 'done', removed: { cold: 4 } });
  await expectAgreement();
  await expectGone();
});
