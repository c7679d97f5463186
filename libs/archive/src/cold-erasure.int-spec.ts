import { readdirSync } from 'node:fs';
import type { Event } from '@app/events';
import {
  DeadLetterPlace,
  Eraser,
  Erasures,
  EventTraces,
  ExpiredDays,
  HotEvents,
  recountRollups,
} from '@app/persistence';
import { anEvent, runSql, storeEvents, tablesWith } from '@app/testing';
import { idsOf, readBothTiers } from '../test/both-tiers';
import { filesWith } from '../test/cold-bytes';
import { freshColdTier, type FreshColdTier } from '../test/fresh-cold-tier';
import { Archiver, type ArchiveStep } from './archiver';
import { ColdStore } from './cold-store';
import { ColdUserEvents } from './cold-user.place';
import { Engine } from './duckdb/engine';
import { LocalSegmentStorage } from './local/local-segment-storage';
import type { OnStep } from './locked-tier';

const DAY_MS = 86_400_000;
const today = Math.floor(Date.now() / DAY_MS);
const boundary = new Date((today - 7) * DAY_MS);
const USER = "user-4711'@example.org";

let tier: FreshColdTier;
let db: FreshColdTier['db'];
let folder: string;
let engine: Engine;
let storage: LocalSegmentStorage;
let erasures: Erasures;
beforeEach(async () => {
  tier = await freshColdTier();
  ({ db, folder, engine, storage } = tier);
  erasures = new Erasures(db.database, 0);
});
afterEach(() => tier.drop());

function eraser(graceMs = 0, onStep?: OnStep<ArchiveStep>): Eraser {
  const files = new ColdUserEvents({ config: db.config, storage, engine, graceMs }, onStep);
  return new Eraser(db.database, 0, [new DeadLetterPlace(), new HotEvents(), files, new ExpiredDays()]);
}

async function finish(by = eraser()): Promise<void> {
  for (let kind = ''; kind !== 'rest';) kind = (await by.step()).kind;
}

async function archive(onStep?: OnStep<ArchiveStep>): Promise<unknown> {
  return tier.archiver.run({ boundary, ...(onStep && { onStep }) });
}

/** So many days ago, at noon. */
function daysAgo(days: number): Date {
  return new Date((today - days) * DAY_MS + DAY_MS / 2);
}

function mine(days: number, overrides: Partial<Event> = {}): Event {
  return anEvent({ userId: USER, occurredAt: daysAgo(days), amount: 0.1, ...overrides });
}

function others(count: number, overrides: Partial<Event> = {}): Event[] {
  return Array.from({ length: count }, (_, n) =>
    anEvent({ userId: `u${n % 3}`, occurredAt: daysAgo(8 + n), ...overrides }),
  );
}

/** Received well after every erasure of a test. */
const later = new Date(Date.now() + 3_600_000);

async function letLaterOnesBeStoredLater(): Promise<void> {
  await db.database.query('UPDATE events SET stored_at = received_at WHERE received_at > stored_at');
}

async function expectAgreement(): Promise<void> {
  const tables = await recountRollups(db.database, { atMost: 5, cold: new ColdStore(storage, engine) });
  expect(tables.filter(({ differing }) => differing > 0)).toEqual([]);
}

async function expectGone(): Promise<void> {
  const parts = USER.split("'");
  await runSql(db.url, 'VACUUM');
  for (const part of parts) {
    expect(await filesWith(folder, part)).toEqual([]);
    expect(await tablesWith(db.url, part)).toEqual([]);
  }
}

function sorted(events: readonly Event[]): string[] {
  return events.map(({ eventId }) => eventId).sort();
}

describe('an erasure of a user of whom events are archived', () => {
  it('leaves nothing of the user in any file or row, all of the others, and numbers that agree', async () => {
    await db.database.query(`INSERT INTO projects (name) VALUES ('other')`);
    const gone = [mine(9), mine(9, { name: 'only theirs' }), mine(40), mine(3), mine(400, { amount: -1e15 })];
    const kept = [
      ...others(30),
      ...others(5, { projectId: 2 }),
      anEvent({ userId: undefined, occurredAt: daysAgo(9) }),
    ];
    for (let part = 0; part < 3; part += 1) {
      await storeEvents(
        db.database,
        [...gone, ...kept].filter((_, n) => n % 3 === part),
      );
      await archive();
    }
    const id = await erasures.request(1, USER);
    await finish();
    expect(await erasures.find(1, id)).toEqual({
      status: 'done',
      removed: { hot: 1, cold: 4, deadLetters: 0, userDays: 4 },
    });
    expect(idsOf(await readBothTiers(db.url, folder))).toEqual(sorted(kept));
    await expectAgreement();
    await expectGone();
    expect(await tablesWith(db.url, 'only theirs')).toEqual([]);
    const trace = await new EventTraces(db.database, new ColdStore(storage, engine)).find(1, gone[0]!.eventId);
    expect(trace).toMatchObject({ status: 'erased' });
    await storeEvents(db.database, gone);
    expect(idsOf(await readBothTiers(db.url, folder))).toEqual(sorted(kept));
  });

  it('can be asked for again, and finds nothing then', async () => {
    await storeEvents(db.database, [mine(9), ...others(5)]);
    await archive();
    for (const removed of [1, 0]) {
      const id = await erasures.request(1, USER);
      await finish();
      expect(await erasures.find(1, id)).toMatchObject({ status: 'done', removed: { cold: removed } });
    }
    await expectAgreement();
  });

  it('removes also what says that it was received in the future', async () => {
    await storeEvents(db.database, [mine(9, { receivedAt: later }), ...others(3)]);
    await archive();
    const id = await erasures.request(1, USER);
    await finish();
    expect(await erasures.find(1, id)).toMatchObject({ status: 'done', removed: { cold: 1, userDays: 1 } });
    await expectGone();
  });

  it('leaves what was received later, and days that have something of it in the other tier', async () => {
    const kept = [mine(9, { receivedAt: later }), mine(20, { receivedAt: later }), ...others(3)];
    await storeEvents(db.database, [mine(9), mine(10), mine(30), kept[1]!]);
    await letLaterOnesBeStoredLater();
    await archive();
    // Day 9 has a later event in the hot tier; day 20 has one in a file.
    await storeEvents(db.database, [kept[0]!, mine(20), ...kept.slice(2)]);
    await letLaterOnesBeStoredLater();
    const id = await erasures.request(1, USER);
    await finish();
    expect(await erasures.find(1, id)).toMatchObject({ status: 'done', removed: { hot: 1, cold: 3, userDays: 2 } });
    expect(idsOf(await readBothTiers(db.url, folder))).toEqual(sorted(kept));
    await expectAgreement();
  });

  it('sets apart what one transaction should not change at once, and removes a file that has nothing else', async () => {
    const gone = Array.from({ length: 120 }, (_, day) => mine(8 + Math.floor(day / 2)));
    await storeEvents(db.database, [...gone, ...others(40)]);
    await archive();
    await erasures.request(1, USER);
    const steps: string[] = [];
    await finish(eraser(0, (step) => void steps.push(step)));
    expect(steps.filter((step) => step === 'set-apart-published')).toHaveLength(1);
    // 60 days, of which each part has 25 at most.
    expect(steps.filter((step) => step === 'erase-published')).toHaveLength(3);
    expect(steps.filter((step) => step === 'erase-written')).toEqual([]);
    await expectAgreement();
    await expectGone();
  });

  it('is done when the replaced files are gone, which stay as long as somebody may be reading; others go on', async () => {
    await storeEvents(db.database, [mine(9), anEvent({ userId: 'second' }), ...others(5)]);
    await archive();
    const id = await erasures.request(1, USER);
    const second = await erasures.request(1, 'second');
    const by = eraser(3_600_000);
    await finish(by);
    expect(await erasures.find(1, id)).toMatchObject({ status: 'running', removed: { cold: 1 } });
    expect(await erasures.find(1, second)).toMatchObject({ status: 'done' });
    expect(readdirSync(folder)).toHaveLength(2);
    const hour = `interval '61 minutes'`;
    await db.database.query(
      `UPDATE cold_segments SET superseded_at = superseded_at - ${hour} WHERE state = 'superseded'`,
    );
    await db.database.query(`UPDATE erasures SET resume_at = resume_at - ${hour}`);
    await finish(by);
    expect(await erasures.find(1, id)).toMatchObject({ status: 'done' });
    await expectGone();
    expect(await archive()).toMatchObject({ ran: true });
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('goes on in time when a file cannot be written, and holds up no other', async () => {
    await storeEvents(db.database, [mine(9), anEvent({ userId: 'second' }), ...others(5)]);
    await archive();
    const id = await erasures.request(1, USER);
    const second = await erasures.request(1, 'second');
    const full = eraser(0, (step) => {
      if (step === 'erase-written') throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    });
    await full.step();
    await expect(full.step()).rejects.toMatchObject({ code: 'SEGMENT_NOT_WRITTEN' });
    await finish();
    expect(await erasures.find(1, id)).toMatchObject({ status: 'running' });
    expect(await erasures.find(1, second)).toMatchObject({ status: 'done' });
    await db.database.query('UPDATE erasures SET resume_at = NULL');
    await finish();
    expect(await erasures.find(1, id)).toMatchObject({ status: 'done' });
    await expectGone();
  });
});

it('rewrites two files at once, and one after the other when there is no room for two', async () => {
  for (let part = 0; part < 3; part += 1) {
    await storeEvents(db.database, [mine(9 + part), ...others(5)]);
    await archive();
  }
  const id = await erasures.request(1, USER);
  let [begun, full] = [0, true];
  const by = eraser(0, (step) => {
    if (step === 'erase-begun') begun += 1;
    if (full && step === 'erase-written') throw new Error('Out of Memory Error');
  });
  await by.step();
  await expect(by.step()).rejects.toMatchObject({ code: 'SEGMENT_NOT_WRITTEN' });
  expect(begun).toBe(2);
  full = false;
  await db.database.query('UPDATE erasures SET resume_at = NULL');
  await by.step();
  expect(begun).toBe(3);
  await finish(by);
  expect(await erasures.find(1, id)).toMatchObject({ status: 'done', removed: { cold: 3 } });
});

describe('a process that dies while it changes files', () => {
  it('loses, doubles and hides nothing, after whichever step, and the next one finishes what it began', async () => {
    await db.database.query(`INSERT INTO projects (name) VALUES ('short')`);
    const gone = Array.from({ length: 30 }, (_, n) => mine(8 + n));
    const expired = others(20, { projectId: 2 }).map((event, n) => ({ ...event, occurredAt: daysAgo(40 + n) }));
    gone.push(mine(70));
    const kept = [...others(60), ...others(20, { projectId: 2 })];
    await storeEvents(db.database, [...gone.slice(0, 30), ...kept.slice(0, 30)]);
    await archive();
    for (let part = 0; part < 9; part += 1) {
      await storeEvents(
        db.database,
        [...kept.slice(30), ...expired, ...gone.slice(30)].filter((_, n) => n % 9 === part),
      );
      await new Archiver(db.config, storage, engine).run({ boundary, maxRows: 10 });
    }
    await erasures.request(1, USER);
    await db.database.query('UPDATE projects SET retention_days = 30 WHERE id = 2');
    const died = new Set<string>();
    const dieOnce = async (step: ArchiveStep): Promise<void> => {
      if (died.has(step)) return;
      died.add(step);
      // What holds the lock is gone, and with it whatever it might still do.
      await db.database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      throw new Error('killed');
    };
    const expected = sorted(kept);
    for (let more = true; more;) {
      more = await work(dieOnce).then((anything) => anything, () => true); // prettier-ignore
      const found = idsOf(await readBothTiers(db.url, folder));
      expect(new Set(found).size).toBe(found.length);
      expect(found.filter((id) => expected.includes(id))).toEqual(expected);
      expect(died.size).toBeLessThan(60);
    }
    expect([...died].filter((step) => /^(merge|erase|set-apart|expire)-/.test(step)).length).toBe(32);
    expect(idsOf(await readBothTiers(db.url, folder))).toEqual(expected);
    await expectGone();
    const named = `SELECT file FROM cold_segments WHERE state <> 'writing' ORDER BY file`;
    const files = await db.database.query<{ file: string }>(named);
    expect(readdirSync(folder).sort()).toEqual(files.map(({ file }) => file));
  }, 120_000);

  /** @returns whether there was anything to do. */
  async function work(onStep: OnStep<ArchiveStep>): Promise<boolean> {
    const step = await eraser(0, onStep).step();
    await db.database.query(`UPDATE erasures SET resume_at = NULL`);
    const run = await new Archiver(db.config, storage, engine, 0).run({ boundary, onStep });
    return step.kind !== 'rest' || run.merged + run.expired + run.segments > 0;
  }
});
