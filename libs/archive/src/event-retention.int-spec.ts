import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Event } from '@app/events';
import { DeadLetterPlace, Eraser, Erasures, ExpiredDays, HotEvents, recountRollups } from '@app/persistence';
import { anEvent, runSql, storeEvents, tablesWith } from '@app/testing';
import { idsOf, readBothTiers } from '../test/both-tiers';
import { filesWith } from '../test/cold-bytes';
import { freshColdTier, type FreshColdTier } from '../test/fresh-cold-tier';
import { Archiver, type ArchiveRun, type ArchiveStep } from './archiver';
import { ColdReads } from './cold-reads';
import { ColdTier } from './cold-tier';
import { ColdUserEvents } from './cold-user.place';
import { Engine } from './duckdb/engine';
import { LocalSegmentStorage } from './local/local-segment-storage';

const DAY_MS = 86_400_000;
const today = Math.floor(Date.now() / DAY_MS);
const boundary = new Date((today - 7) * DAY_MS);
const USER = 'user-4711@example.org';

let tier: FreshColdTier;
let db: FreshColdTier['db'];
let folder: string;
let engine: Engine;
let storage: LocalSegmentStorage;
beforeEach(async () => {
  tier = await freshColdTier();
  ({ db, folder, engine, storage } = tier);
  await db.database.query(`INSERT INTO projects (name) VALUES ('other')`);
});
afterEach(() => tier.drop());

function archive(onStep?: (step: ArchiveStep) => void, maxRows?: number): Promise<ArchiveRun> {
  const options = { ...(onStep && { onStep }), ...(maxRows !== undefined && { maxRows }) };
  return new Archiver(db.config, storage, engine, 0).run({ boundary, ...options });
}

async function keep(days: number | null, projectId = 1): Promise<void> {
  await db.database.query('UPDATE projects SET retention_days = $2 WHERE id = $1', [projectId, days]);
}

/** From the start of the day so many days ago. */
function aged(days: number, overrides: Partial<Event> = {}): Event {
  return anEvent({ userId: USER, occurredAt: new Date((today - days) * DAY_MS), ...overrides });
}

function eventsFrom(): Promise<unknown[]> {
  return db.database.query('SELECT events_from::text AS day FROM projects ORDER BY id');
}

async function numbers(): Promise<unknown[]> {
  const tables = ['day_metrics', 'month_metrics', 'day_users', 'retention_counts', 'users', 'user_days', 'event_ids'];
  return Promise.all(tables.map((table) => db.database.query(`SELECT t::text FROM ${table} t ORDER BY 1`)));
}

/** Tables that are not what the events add up to. */
async function differing(): Promise<string[]> {
  const tables = await recountRollups(db.database, { atMost: 0, cold: new ColdReads(storage, engine) });
  return tables.filter((table) => table.differing > 0).map(({ table }) => table);
}

const dayOf = (days: number): string => new Date((today - days) * DAY_MS).toISOString().slice(0, 10);

it('drops events that are older than their project keeps them, to the day, and leaves all numbers and ids', async () => {
  const kept = [aged(30), aged(8), aged(3), aged(31, { projectId: 2 }), aged(500, { projectId: 2 })];
  const expired = [
    ...[aged(31), aged(30, { occurredAt: new Date((today - 30) * DAY_MS - 1) }), aged(4000)],
    aged(0, { occurredAt: new Date('0026-11-22T00:00:00Z') }),
  ];
  await storeEvents(db.database, [...kept, ...expired]);
  await archive();
  await keep(30);
  const before = await numbers();
  expect(await archive()).toMatchObject({ ran: true, expired: 1 });
  const ids = (events: readonly Event[]): string[] => events.map(({ eventId }) => eventId).sort();
  expect(idsOf(await readBothTiers(db.url, folder))).toEqual(ids(kept));
  expect(await numbers()).toEqual(before);
  expect(await eventsFrom()).toEqual([{ day: dayOf(30) }, { day: null }]);
  expect(await differing()).toEqual([]);
  await storeEvents(db.database, expired);
  expect(idsOf(await readBothTiers(db.url, folder))).toEqual(ids(kept));
  expect(await archive()).toMatchObject({ expired: 0 });
  // What comes late goes at the next run.
  await storeEvents(db.database, [aged(31)]);
  expect(await archive()).toMatchObject({ segments: 1, expired: 1 });
  expect(idsOf(await readBothTiers(db.url, folder))).toEqual(ids(kept));
});

it('drops and merges what can be in all other files when one is lost, and says so in the end', async () => {
  await storeEvents(db.database, [aged(40), aged(8)]);
  await archive();
  const [lost = ''] = readdirSync(folder);
  await storeEvents(db.database, [aged(39, { projectId: 2 }), aged(9, { projectId: 2 })]);
  await archive();
  const ten = Array.from({ length: 10 }, (_, n) => aged(20 + n, { projectId: 2 }));
  await storeEvents(db.database, ten);
  await archive(undefined, 1);
  await keep(30);
  await keep(30, 2);
  rmSync(join(folder, lost));
  await expect(archive()).rejects.toMatchObject({ code: 'SEGMENT_NOT_WRITTEN' });
  const rows = await db.database.query(
    `SELECT row_count::int4 AS n FROM cold_segments WHERE state = 'committed' AND file <> $1 ORDER BY 1`,
    [lost],
  );
  // One is without what is too old, and eight of eleven are one.
  expect(rows).toEqual([{ n: 1 }, { n: 1 }, { n: 1 }, { n: 8 }]);
});

it('drops a file without reading it when all of it is too old, and nothing where nothing is', async () => {
  await keep(100);
  await keep(20, 2);
  const steps: string[] = [];
  await storeEvents(db.database, [aged(150), aged(101), aged(100), aged(50)]);
  expect(await archive((step) => void steps.push(step), 2)).toMatchObject({ segments: 2, expired: 1 });
  expect(steps.filter((step) => step.startsWith('expire'))).toEqual([]);
  await archive();
  expect(readdirSync(folder)).toHaveLength(1);
  expect(await eventsFrom()).toEqual([{ day: dayOf(100) }, { day: null }]);
  // A longer time later does not bring back what is gone.
  await keep(3000);
  await storeEvents(db.database, [aged(2000)]);
  expect(await archive()).toMatchObject({ expired: 0 });
  expect(await eventsFrom()).toEqual([{ day: dayOf(100) }, { day: null }]);
});

it('leaves files that it replaced to who read the manifest before, for a minute, in archiving as in erasing', async () => {
  const tier = ColdTier.forMoving({ kind: 'local', dir: folder });
  const eraser = tier.eraser(db.database, 0);
  const run = async (): Promise<number> => {
    await tier.archiver(db.config).run({ boundary });
    for (let kind = ''; kind !== 'rest';) kind = (await eraser.step()).kind;
    return readdirSync(folder).length;
  };
  await keep(100);
  await storeEvents(db.database, [aged(150), aged(50), anEvent({ userId: 'other', occurredAt: aged(40).occurredAt })]);
  // The one that was moved, and the one without what is too old.
  expect([await run(), await run()]).toEqual([2, 2]);
  await new Erasures(db.database, 0).request(1, USER);
  expect([await run(), await run()]).toEqual([3, 3]);
  const back = `UPDATE cold_segments SET superseded_at = superseded_at - interval '61 s'`;
  await db.database.query(back);
  expect(await run()).toBe(1);
  await tier.close();
});

it('leaves no trace of a user who is erased after their events were dropped', async () => {
  const days = Array.from({ length: 70 }, (_, n) => aged(20 + n));
  const own = anEvent({ userId: 'other', occurredAt: aged(40).occurredAt });
  await storeEvents(db.database, [...days, aged(9), aged(60, { receivedAt: new Date(Date.now() + 3_600_000) }), own]);
  await archive();
  await keep(50);
  await archive();
  const erasures = new Erasures(db.database, 0);
  const id = await erasures.request(1, USER);
  const files = new ColdUserEvents({ config: db.config, storage, engine, graceMs: 0 });
  const eraser = new Eraser(db.database, 0, [new DeadLetterPlace(), new HotEvents(), files, new ExpiredDays()]);
  for (let kind = ''; kind !== 'rest';) kind = (await eraser.step()).kind;
  expect(await erasures.find(1, id)).toMatchObject({ status: 'done', removed: { cold: 32, userDays: 71 } });
  await runSql(db.url, 'VACUUM');
  expect(await tablesWith(db.url, USER)).toEqual([]);
  expect(await filesWith(folder, USER)).toEqual([]);
  const users = await db.database.query('SELECT day::text, users::int4, new_users::int4 AS new FROM day_users');
  expect(users).toEqual([{ day: dayOf(40), users: 1, new: 1 }]);
  expect(await db.database.query('SELECT FROM retention_counts')).toEqual([]);
});

it('lets a recount find what is wrong on the days that are still whole', async () => {
  await storeEvents(db.database, [
    aged(40),
    aged(20),
    aged(10),
    aged(40, { userId: 'other' }),
    aged(9, { userId: 'other' }),
  ]);
  await keep(30);
  await archive();
  expect(await differing()).toEqual([]);
  for (const table of ['day_users', 'day_metrics', 'user_days', 'retention_counts']) {
    const day = table === 'retention_counts' ? 'start_day' : 'day';
    await db.database.query(`DELETE FROM ${table} WHERE ${day} >= $1`, [dayOf(20)]);
    expect(await differing()).toContain(table);
  }
});
