import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ColdSegments, LongSession } from '@app/persistence';
import { anEvent, storeEvents } from '@app/testing';
import { idsOf, readBothTiers, readHot } from '../test/both-tiers';
import { freshColdTier, type FreshColdTier } from '../test/fresh-cold-tier';
import { Archiver, type ArchiveStep } from './archiver';
import { Engine } from './duckdb/engine';
import { LocalSegmentStorage } from './local/local-segment-storage';

const boundary = new Date('2026-06-01T00:00:00Z');

let tier: FreshColdTier;
let db: FreshColdTier['db'];
let folder: string;
let engine: Engine;
let ids: string[];
beforeEach(async () => {
  tier = await freshColdTier();
  ({ db, folder, engine } = tier);
  const events = Array.from({ length: 30 }, (_, n) => anEvent({ occurredAt: new Date(Date.UTC(2026, 4, 1, n)) }));
  await storeEvents(db.database, events);
  ids = events.map(({ eventId }) => eventId).sort();
});
afterEach(() => tier.drop());

function archiver(inFolder = folder): Archiver {
  return new Archiver(db.config, new LocalSegmentStorage(inFolder), engine);
}

/** Whether somebody else gets the lock, who gives it back. */
async function lockIsFree(): Promise<boolean> {
  const session = await LongSession.open(db.config);
  const free = await new ColdSegments(session).lock();
  await session.close();
  return free;
}

describe('between two segments', () => {
  it('the lock is free for others, and nobody else has it during one', async () => {
    const free: boolean[] = [];
    const during: boolean[] = [];
    const run = await archiver().run({
      boundary,
      maxRows: 10,
      onStep: async (step) => {
        if (step === 'renamed') during.push(await lockIsFree());
      },
      between: async () => {
        free.push(await lockIsFree());
      },
    });
    expect(run).toMatchObject({ segments: 3, rows: 30 });
    expect(free.length).toBeGreaterThanOrEqual(3);
    expect(new Set(free)).toEqual(new Set([true]));
    expect(during).toEqual([false, false, false]);
  });

  it('a run ends when another archiver goes on with the work', async () => {
    let other: unknown;
    const between = async (): Promise<void> => {
      const session = await LongSession.open(db.config);
      await new ColdSegments(session).lock();
      other = session;
    };
    expect(await archiver().run({ boundary, maxRows: 10, between })).toMatchObject({ segments: 1, rows: 10 });
    await (other as LongSession).close();
    expect(await archiver().run({ boundary })).toMatchObject({ rows: 20 });
    expect(idsOf(await readBothTiers(db.url, folder))).toEqual(ids);
  });
});

describe('a run that is told to stop', () => {
  const steps: ArchiveStep[] = ['begun', 'spooled', 'written', 'verified', 'renamed', 'published', 'cleared'];

  it.each(steps)('after "%s" ends soon, leaves no file that nobody knows, and loses nothing', async (last) => {
    const stopping = new AbortController();
    const onStep = (step: ArchiveStep): void => {
      if (step === last) stopping.abort();
    };
    const { signal } = stopping;
    await expect(archiver().run({ boundary, maxRows: 10, onStep, signal })).rejects.toMatchObject({
      code: 'ARCHIVE_STOPPED',
    });
    const moved = last === 'published' || last === 'cleared';
    expect(await readHot(db.url)).toHaveLength(moved ? 20 : 30);
    expect(readdirSync(folder)).toHaveLength(moved ? 1 : 0);
    expect(idsOf(await readBothTiers(db.url, folder))).toEqual(ids);
    expect(await archiver().run({ boundary })).toMatchObject({ ran: true, rows: moved ? 20 : 30 });
  });

  it('does not begin', async () => {
    const run = archiver().run({ boundary, signal: AbortSignal.abort() });
    await expect(run).rejects.toMatchObject({ code: 'ARCHIVE_STOPPED' });
    expect(await readHot(db.url)).toHaveLength(30);
  });
});

it('moves nothing into a folder that has none of the files of before: the volume is not there', async () => {
  await archiver().run({ boundary, maxRows: 10 });
  await storeEvents(db.database, [anEvent({ occurredAt: new Date('2026-05-01T00:00:00Z') })]);
  const empty = join(folder, 'not-mounted');
  await expect(archiver(empty).run({ boundary })).rejects.toThrow('is it the right one?');
  expect(readdirSync(empty)).toEqual([]);
  expect(await archiver().run({ boundary })).toMatchObject({ rows: 1 });
});
