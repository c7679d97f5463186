import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PinoLogger } from 'nestjs-pino';
import { ColdTier } from '@app/archive';
import { Eraser, Erasures, EventPartitions, HotEvents } from '@app/persistence';
import { anEvent, eventually, freshDatabase, storeEvents, type FreshDatabase } from '@app/testing';
import { ArchiveWork } from './archive-work';
import { ArchiverLoop } from './archiver-loop';
import { ErasureWork } from './erasure-work';

const logger = new PinoLogger({ pinoHttp: { level: 'silent' } });

let db: FreshDatabase;
let dir: string;
let tier: ColdTier;
beforeEach(async () => {
  db = await freshDatabase();
  dir = mkdtempSync(join(tmpdir(), 'millrace-loop-'));
  tier = ColdTier.forMoving({ kind: 'local', dir });
});
afterEach(async () => {
  await tier.close();
  rmSync(dir, { recursive: true, force: true });
  await db.drop();
});

const DAY = new Date('2021-02-28T12:00:00Z');

function archiveWork(): ArchiveWork {
  const config = {
    ...{ postgres: db.config, cold: { kind: 'local' as const, dir }, afterDays: 7, logLevel: 'info' as const },
    ...{ healthPort: undefined, intervalMs: 60_000, drainTimeoutMs: 1000, metricsKey: undefined, dutyPercent: 100 },
  };
  return new ArchiveWork(config, tier, new EventPartitions(db.database), logger);
}

it('old events are moved while an erasure is not over for very long, and it goes on meanwhile and afterwards', async () => {
  await storeEvents(db.database, [anEvent({ occurredAt: DAY })]);
  await new Erasures(db.database, 0).request(1, 'user');
  let steps = 0;
  const erase = (): Promise<'something'> => {
    steps += 1;
    return Promise.resolve('something');
  };
  const endless = new Eraser(db.database, 0, [Object.assign(new HotEvents(), { erase })]);
  const archive = archiveWork();
  const loop = new ArchiverLoop({ dutyPercent: 100 }, archive, new ErasureWork(endless, logger, 20));
  loop.start();
  try {
    await eventually(() => {
      expect(archive.totals).toMatchObject({ events: 1, segments: 1, failures: 0 });
    });
    const before = steps;
    await eventually(() => {
      expect(steps).toBeGreaterThan(before + 100);
    });
  } finally {
    await loop.stop();
  }
});

it('rests behind a file for as long as it is told to, erases users meanwhile, and stops at once', async () => {
  await storeEvents(db.database, [anEvent({ occurredAt: DAY })]);
  const archive = archiveWork();
  const erasures = new Erasures(db.database, 0);
  const eraser = new Eraser(db.database, 0, [new HotEvents()]);
  // A file of one event takes 50 ms or more, and the rest after it a thousand times as long.
  const loop = new ArchiverLoop({ dutyPercent: 0.1 }, archive, new ErasureWork(eraser, logger));
  loop.start();
  try {
    await eventually(() => {
      expect(archive.totals.segments).toBe(1);
    });
    const id = await erasures.request(1, 'user');
    await eventually(async () => {
      expect(await erasures.find(1, id)).toMatchObject({ status: 'done' });
    });
    // The time of a run is counted when it has ended.
    expect(archive.totals.seconds).toBe(0);
  } finally {
    const stoppedFrom = performance.now();
    await loop.stop();
    expect(performance.now() - stoppedFrom).toBeLessThan(10_000);
  }
});
