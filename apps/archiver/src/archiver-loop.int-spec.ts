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

it('old events are moved while an erasure is not over for very long, and it goes on meanwhile and afterwards', async () => {
  await storeEvents(db.database, [anEvent({ occurredAt: new Date('2021-02-28T12:00:00Z') })]);
  await new Erasures(db.database, 0).request(1, 'user');
  let steps = 0;
  const erase = (): Promise<'something'> => {
    steps += 1;
    return Promise.resolve('something');
  };
  const endless = new Eraser(db.database, 0, [Object.assign(new HotEvents(), { erase })]);
  const config = {
    ...{ postgres: db.config, cold: { kind: 'local' as const, dir }, afterDays: 7, logLevel: 'info' as const },
    ...{ healthPort: undefined, intervalMs: 60_000, drainTimeoutMs: 1000, metricsKey: undefined },
  };
  const archive = new ArchiveWork(config, tier, new EventPartitions(db.database), logger);
  const loop = new ArchiverLoop(archive, new ErasureWork(endless, logger, 20));
  loop.start();
  try {
    await eventually(() => {
      expect(archive.totals).toMatchObject({ events: 1, segments: 1, failures: 0 });
    });
    const before = steps;
    expect(before).toBeGreaterThan(0);
    await eventually(() => {
      expect(steps).toBeGreaterThan(before + 100);
    });
  } finally {
    await loop.stop();
  }
});
