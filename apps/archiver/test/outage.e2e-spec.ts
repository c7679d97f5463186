import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgresServer } from '@app/embedded';
import { Database, migrateUp } from '@app/persistence';
import { anEvent, eventually, inTransaction, Scrape, storeEvents, type FreshDatabase } from '@app/testing';
import { ArchivePipeline } from './archive-pipeline';

jest.setTimeout(120_000);

/** More than one statement deletes. */
const EVENTS = 12_000;

/** One that may be taken away. */
class OwnPostgres {
  private constructor(
    private server: PostgresServer,
    private readonly folder: string,
    readonly db: FreshDatabase,
  ) {}

  static async start(): Promise<OwnPostgres> {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-outage-'));
    chmodSync(folder, 0o755);
    const server = await PostgresServer.start({ dataDir: join(folder, 'postgresql'), settings: { fsync: 'off' } });
    const config = { url: server.url, poolSize: 2, queryTimeoutMs: 7000 };
    const database = new Database(config);
    await migrateUp(database);
    const db = { config, url: server.url, database, drop: () => database.close() };
    return new OwnPostgres(server, folder, db);
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }

  /** On the same data and port. */
  async startAgain(): Promise<void> {
    const { port } = this.server;
    const settings = { fsync: 'off' };
    this.server = await PostgresServer.start({ dataDir: join(this.folder, 'postgresql'), port, settings });
  }

  async close(): Promise<void> {
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

let postgres: OwnPostgres;
let pipeline: ArchivePipeline;
beforeAll(async () => {
  postgres = await OwnPostgres.start();
  pipeline = await ArchivePipeline.open(postgres.db);
});
afterAll(async () => {
  await pipeline.close();
  await postgres.close();
});

it('waits while PostgreSQL is away, goes on by itself, and has neither lost nor doubled an event', async () => {
  const old = Array.from({ length: EVENTS }, (_, n) => anEvent({ occurredAt: new Date(Date.UTC(2020, 0, 1) + n) }));
  await storeEvents(pipeline.db.database, old);
  const archiver = pipeline.startArchiver();
  await inTransaction(postgres.db.url, async (query) => {
    // In the midst of the transaction that names the file and deletes the rows.
    await query('SELECT FROM events WHERE event_id = $1 FOR UPDATE', [old[0]!.eventId]);
    await eventually(async () => {
      const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
        AND query LIKE '%DELETE FROM events%'`;
      expect(await pipeline.db.database.query(waiting)).toHaveLength(1);
    }, 30_000);
    await postgres.stop();
  });

  const { port } = await archiver.logged('The health server listens.');
  const url = `http://127.0.0.1:${String(port)}`;
  await archiver.logged('Old events could not be archived; it is tried again.');
  await eventually(async () => {
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const scrape = await Scrape.of(url);
    expect(scrape.value('database_up')).toBe(0);
    expect(scrape.value('archive_failures_total')).toBeGreaterThan(1);
  }, 30_000);
  expect(archiver.exitCode).toBeUndefined();

  await postgres.startAgain();
  await eventually(async () => {
    expect(await pipeline.hotRows('true', [])).toBe(0);
  }, 60_000);
  expect(readdirSync(pipeline.folder)).toHaveLength(1);
  await pipeline.startApi();
  const exported = (await (await pipeline.get('/api/v1/events.ndjson')).text()).trim().split('\n');
  const ids = exported.map((line) => (JSON.parse(line) as { event_id: string }).event_id);
  expect(ids.sort()).toEqual(old.map(({ eventId }) => eventId).sort());
  await eventually(async () => {
    const scrape = await Scrape.of(url);
    expect(scrape.value('database_up')).toBe(1);
    expect(scrape.value('events_archived_total')).toBe(EVENTS);
  });
});
