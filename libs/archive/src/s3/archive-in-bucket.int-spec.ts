import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TieredEventReader, type StoredEvent } from '@app/persistence';
import {
  anEvent,
  describeWithS3,
  eventually,
  freshDatabase,
  S3Server,
  storeEvents,
  type FreshDatabase,
} from '@app/testing';
import { ArchiveProcess } from '../../test/archive-process';
import { TestBucket } from '../../test/s3-bucket';
import { S3Relay } from '../../test/s3-relay';
import { Archiver, type ArchiveStep } from '../archiver';
import { ColdStore } from '../cold-store';
import { ColdTier } from '../cold-tier';
import { Engine } from '../duckdb/engine';
import { S3SegmentStorage } from './s3-segment-storage';

const FETCH_LIMIT_MS = 300_000;
const boundary = new Date('2026-01-08T00:00:00Z');

describeWithS3('old events in a bucket', () => {
  let server: S3Server;
  let db: FreshDatabase;
  let bucket: TestBucket;
  let relay: S3Relay;
  let folder: string;
  let engine: Engine;
  let storage: S3SegmentStorage;
  const opened: S3SegmentStorage[] = [];
  beforeAll(async () => {
    server = await S3Server.start();
  }, FETCH_LIMIT_MS);
  afterAll(() => server.stop());
  beforeEach(async () => {
    db = await freshDatabase();
    bucket = await TestBucket.on(server);
    relay = await S3Relay.to(server.port);
    folder = mkdtempSync(join(tmpdir(), 'millrace-s3-'));
    engine = new Engine({ memoryMb: 200, threads: 1, tempFolder: folder });
    storage = await open(folder);
  });
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
    await engine.close();
    await relay.close();
    bucket.close();
    rmSync(folder, { recursive: true, force: true });
    await db.drop();
  });

  async function open(own: string, cacheBytes = 10_000_000): Promise<S3SegmentStorage> {
    const opening = new S3SegmentStorage({ ...bucket.options(own, relay.endpoint), cacheBytes }, { tries: 2 });
    opened.push(opening);
    await opening.prepare();
    return opening;
  }

  const archive = (onStep?: (step: ArchiveStep) => void): ReturnType<Archiver['run']> =>
    new Archiver(db.config, storage, engine).run({ boundary, maxRows: 100, ...(onStep && { onStep }) });

  async function everything(from: S3SegmentStorage): Promise<readonly StoredEvent[]> {
    const reader = new TieredEventReader(db.database, new ColdStore(from, engine));
    return (await reader.newest(1, { limit: 2000, maxBytes: 1e9 })).events;
  }

  const store = (count: number): Promise<void> =>
    storeEvents(
      db.database,
      Array.from({ length: count }, (_, n) => anEvent({ occurredAt: new Date(boundary.getTime() - (n + 1) * 60_000) })),
    );

  const segments = (): Promise<{ file: string }[]> =>
    db.database.query<{ file: string }>(`SELECT file FROM cold_segments WHERE state = 'committed' ORDER BY file`);

  it('are read as they were, here and on another machine that has room for one file', async () => {
    await store(350);
    const before = await everything(storage);
    expect(await archive()).toMatchObject({ ran: true, segments: 4, rows: 350 });
    expect(await db.database.query('SELECT FROM events')).toEqual([]);
    expect(await everything(storage)).toEqual(before);
    expect(relay.seen).not.toContain('GET');
    const elsewhere = await open(join(folder, 'elsewhere'), 10_000);
    expect(await everything(elsewhere)).toEqual(before);
    expect(readdirSync(join(folder, 'elsewhere/cache')).length).toBeLessThan(4);
    expect(await everything(elsewhere)).toEqual(before);
  });

  it('outlive an archiver that is killed between the upload and the commit, which leaves an object that goes', async () => {
    await store(50);
    const before = await everything(storage);
    const s3 = bucket.options(folder);
    const run = ArchiveProcess.start({ url: db.url, folder, boundary, maxRows: 100, waitAfter: 'renamed', s3 });
    expect(await run.says()).toEqual({ waits: 'renamed' });
    const [orphan = ''] = (await storage.list('events-')).filter((name) => name.endsWith('.parquet'));
    await run.kill();
    expect(await everything(storage)).toEqual(before);
    await eventually(async () => {
      expect(await archive()).toMatchObject({ ran: true });
    });
    expect(await everything(storage)).toEqual(before);
    expect(await storage.list('events-')).toEqual((await segments()).map(({ file }) => file));
    expect(await storage.list(orphan)).toEqual([]);
  });

  it('are in no object of a run that was cut off, however late it comes', async () => {
    await store(50);
    const before = await everything(storage);
    const other = await open(join(folder, 'other'));
    let late = '';
    relay.trouble = async (method, count) => {
      if (method !== 'PUT' || count > 1) return undefined;
      // The lock ends, and the other one has looked and moved everything before the object is there.
      await db.database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      const [begun] = await db.database.query<{ file: string }>('SELECT file FROM cold_segments');
      late = begun?.file ?? '';
      await eventually(async () => {
        expect(await new Archiver(db.config, other, engine).run({ boundary })).toMatchObject({ ran: true, rows: 50 });
      });
      return undefined;
    };
    await expect(archive()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await storage.list('events-')).toContain(late);
    const again = (): Promise<unknown> => new Archiver(db.config, other, engine).run({ boundary });
    await again();
    expect(await other.list('events-')).toEqual((await segments()).map(({ file }) => file));
    expect(await everything(other)).toEqual(before);
    const rows = (): Promise<unknown[]> => db.database.query('SELECT FROM cold_segments WHERE file = $1', [late]);
    expect(await rows()).toHaveLength(1);
    await db.database.query(`UPDATE cold_segments SET created_at = created_at - interval '1 day'`);
    await again();
    expect(await rows()).toEqual([]);
  });

  it('stay in the table while the bucket is away, and go on from there', async () => {
    await store(250);
    const before = await everything(storage);
    let published = 0;
    const onStep = (step: ArchiveStep): void => {
      if (step === 'published') published += 1;
      if (step === 'verified' && published === 1) relay.trouble = () => 'away';
    };
    await expect(archive(onStep)).rejects.toMatchObject({ code: 'SEGMENT_NOT_WRITTEN' });
    expect(await segments()).toHaveLength(1);
    expect(await db.database.query('SELECT FROM events')).toHaveLength(150);
    // What is on this machine is read without the bucket.
    expect(await everything(storage)).toEqual(before);
    const { folder: dir, ...place } = bucket.options(join(folder, 'elsewhere'), relay.endpoint);
    const elsewhere = ColdTier.forReading({ kind: 's3', dir, ...place });
    const reader = new TieredEventReader(db.database, elsewhere.reads());
    const list = async (): Promise<readonly StoredEvent[]> =>
      (await reader.newest(1, { limit: 2000, maxBytes: 1e9 })).events;
    await expect(list()).rejects.toMatchObject({ code: 'COLD_UNAVAILABLE', retriable: true });
    relay.trouble = () => undefined;
    expect(await list()).toEqual(before);
    expect(await archive()).toMatchObject({ ran: true, segments: 2, rows: 150 });
    expect(await list()).toEqual(before);
    await elsewhere.close();
    expect(await storage.list('events-')).toEqual((await segments()).map(({ file }) => file));
  });
});
