import { renameSync } from 'node:fs';
import { join } from 'node:path';
import {
  ColdFileGoneError,
  ColdUnavailableError,
  TieredEventReader,
  type CommittedSegment,
  type EventPage,
  type PageBounds,
} from '@app/persistence';
import { anEvent, storeEvents } from '@app/testing';
import { freshColdTier, type FreshColdTier } from '../test/fresh-cold-tier';
import { ColdReads } from './cold-reads';
import { Engine } from './duckdb/engine';
import { LocalSegmentStorage } from './local/local-segment-storage';

const boundary = new Date('2026-06-01T00:00:00Z');
const WHOLE = { limit: 200, maxBytes: 1e9 };

let tier: FreshColdTier;
let db: FreshColdTier['db'];
let folder: string;
let engine: Engine;
let storage: LocalSegmentStorage;
let ids: string[];
beforeEach(async () => {
  tier = await freshColdTier();
  ({ db, folder, engine, storage } = tier);
  const events = Array.from({ length: 30 }, (_, n) => anEvent({ occurredAt: new Date(Date.UTC(2026, 4, 1, n)) }));
  await storeEvents(db.database, events);
  ids = events.map(({ eventId }) => eventId).reverse();
  await tier.archiver.run({ boundary });
});
afterEach(() => tier.drop());

/** Gives the one file another name, in the manifest too, as merging or erasing does. */
async function replaceFile(): Promise<void> {
  const [row] = await db.database.query<{ file: string }>('SELECT file FROM cold_segments');
  const name = `${row!.file.slice(0, -'.parquet'.length)}-2.parquet`;
  renameSync(join(folder, row!.file), join(folder, name));
  await db.database.query('UPDATE cold_segments SET file = $1', [name]);
}

/** Wakes up long after it has read the manifest, so many times. */
class FrozenReads extends ColdReads {
  looks = 0;

  constructor(private readonly freezes: number) {
    super(storage, engine);
  }

  override async newest(
    segments: readonly CommittedSegment[],
    projectId: number,
    bounds: PageBounds,
  ): Promise<EventPage> {
    this.looks += 1;
    if (this.looks <= this.freezes) await replaceFile();
    return super.newest(segments, projectId, bounds);
  }
}

const idsOf = (page: EventPage): string[] => page.events.map(({ eventId }) => eventId);

it('a reader that was stopped until its files were gone looks at the manifest again, and finds every event', async () => {
  const reads = new FrozenReads(2);
  expect(idsOf(await new TieredEventReader(db.database, reads).newest(1, WHOLE))).toEqual(ids);
  expect(reads.looks).toBe(3);
});

it('says that it is unavailable when a file that the manifest names is lost, whatever is asked', async () => {
  const reader = new TieredEventReader(db.database, new ColdReads(storage, engine));
  renameSync(join(folder, (await storage.list('events-'))[0]!), join(folder, 'lost'));
  await expect(reader.newest(1, WHOLE)).rejects.toBeInstanceOf(ColdFileGoneError);
  await expect(reader.one(1, ids[0]!)).rejects.toBeInstanceOf(ColdFileGoneError);
  await expect(reader.several(1, ids, 1e9)).rejects.toBeInstanceOf(ColdFileGoneError);
  await expect(reader.newest(1, WHOLE)).rejects.toMatchObject({ retriable: true });
});

it('ends a statement of DuckDB that somebody has stopped waiting for', async () => {
  const stopping = new AbortController();
  const counting = engine.connected(async (connection) => {
    stopping.abort();
    return connection.run('SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b');
  }, stopping.signal);
  await expect(counting).rejects.toThrow('INTERRUPT');
});

it('what fails for another reason than a file that is gone is unavailable too', async () => {
  const full = new Engine({ memoryMb: 1, threads: 1, tempFolder: '' });
  const reader = new TieredEventReader(db.database, new ColdReads(storage, full));
  const error: unknown = await reader.newest(1, WHOLE).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ColdUnavailableError);
  expect(error).not.toBeInstanceOf(ColdFileGoneError);
  await full.close();
});
