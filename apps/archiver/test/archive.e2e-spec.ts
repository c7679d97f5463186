import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { anEvent, eventually, inTransaction, Scrape, storeEvents, type AppProcess } from '@app/testing';
import { ArchivePipeline } from './archive-pipeline';

jest.setTimeout(120_000);

const DAY_MS = 86_400_000;

let pipeline: ArchivePipeline;
beforeEach(async () => {
  pipeline = await ArchivePipeline.open();
});
afterEach(() => pipeline.close());

/** Of the last 30 days, three a day, of two users. */
function events(): ReturnType<typeof anEvent>[] {
  return Array.from({ length: 90 }, (_, n) =>
    anEvent({
      name: `name-${n % 2}`,
      userId: `user-${n % 2}`,
      occurredAt: new Date(Date.now() - (n * DAY_MS) / 3),
      amount: n / 4,
      data: { n },
    }),
  );
}

describe('old events', () => {
  it('give the same answers on every door before, during and after their move', async () => {
    const stored = events();
    await storeEvents(pipeline.db.database, stored);
    await pipeline.startApi();
    const ids = stored.map(({ eventId }) => eventId);
    const before = await pipeline.answers(ids);
    expect(before.walked).toHaveLength(90);

    const archiver = pipeline.startArchiver();
    const during = pipeline.answersUntil(ids, archiver.logged('Old events are archived.'));
    for (const answers of await during) expect(answers).toEqual(before);

    await eventually(async () => {
      expect(await pipeline.hotRows('occurred_at < $1', [pipeline.boundary])).toBe(0);
    });
    expect(await pipeline.hotRows('true', [])).toBeGreaterThan(0);
    expect(readdirSync(pipeline.folder)).toHaveLength(1);
    expect(await pipeline.answers(ids)).toEqual(before);
  });

  it('that cannot be read take nothing from who waits for what is sent with them: all is accepted', async () => {
    const known = anEvent({ occurredAt: new Date('2020-01-01') });
    await storeEvents(pipeline.db.database, [known]);
    const archiver = pipeline.startArchiver();
    await allMoved();
    await archiver.kill();
    for (const file of readdirSync(pipeline.folder)) rmSync(join(pipeline.folder, file));
    await pipeline.startApi();
    pipeline.startConsumer();
    const both = [{ name: 'again', event_id: known.eventId }, { name: 'new' }];
    const answer = await pipeline.send('POST', '/api/v1/events?wait=stored', both);
    expect(answer).toMatchObject({ accepted: 2, event_ids: [known.eventId, expect.any(String)] });
  });
});

const FAILED = 'Old events could not be archived and stay where they are; it is tried again.';

async function urlOf(process: AppProcess): Promise<string> {
  return `http://127.0.0.1:${String((await process.logged('The health server listens.'))['port'])}`;
}

/** Bytes that a file of the process may have; what is beyond fails as on a full disk. */
function limitFiles(process: AppProcess, bytes: string): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]);
}

async function allMoved(): Promise<void> {
  await eventually(async () => {
    expect(await pipeline.hotRows('occurred_at < $1', [pipeline.boundary])).toBe(0);
  }, 30_000);
}

describe('an archiver', () => {
  /** It cannot write when this is called; `mend` lets it. */
  async function goesOnAfter(archiver: AppProcess, mend: () => void): Promise<void> {
    const url = await urlOf(archiver);
    await storeEvents(pipeline.db.database, events());
    await archiver.logged(FAILED);
    await eventually(async () => {
      expect((await Scrape.of(url)).value('archive_failures_total')).toBeGreaterThan(1);
    });
    expect(await pipeline.hotRows('true', [])).toBe(90);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);

    mend();
    await allMoved();
    expect(readdirSync(pipeline.folder)).toHaveLength(1);
    await eventually(async () => {
      const scrape = await Scrape.of(url);
      expect(scrape.value('cold_events')).toBe(scrape.value('events_archived_total'));
      expect(scrape.value('archive_overdue_seconds')).toBe(0);
    });
  }

  it('leaves everything as it was while the disk is full, says so, and goes on by itself', async () => {
    const archiver = pipeline.startArchiver();
    await archiver.logged('The health server listens.');
    limitFiles(archiver, '1000');
    await goesOnAfter(archiver, () => {
      limitFiles(archiver, 'unlimited');
    });
  });

  it('the same while the folder cannot be used', async () => {
    rmSync(pipeline.folder, { recursive: true });
    writeFileSync(pipeline.folder, 'no folder');
    const archiver = pipeline.startArchiver();
    const health = await fetch(`${await urlOf(archiver)}/health`);
    expect({ status: health.status, body: await health.text() }).toMatchObject({
      status: 503,
      body: expect.stringMatching(/"archive":\{[^}]*"down"/) as unknown,
    });
    await goesOnAfter(archiver, () => {
      rmSync(pipeline.folder);
    });
  });

  it('moves nothing into another folder that is there instead, says so, and goes on when it is the right one', async () => {
    const archiver = pipeline.startArchiver();
    const url = await urlOf(archiver);
    await storeEvents(pipeline.db.database, events());
    await allMoved();
    await pipeline.startApi();

    // As where a volume is not mounted.
    renameSync(pipeline.folder, `${pipeline.folder}-away`);
    mkdirSync(pipeline.folder);
    await eventually(() => {
      const reasons = archiver.lines.filter(({ msg }) => msg === FAILED).map(({ error }) => JSON.stringify(error));
      expect(reasons.join()).toContain('none of the files that the manifest names: is it the right one?');
    });
    const late = events().slice(60);
    await storeEvents(pipeline.db.database, late);
    const failures = (await Scrape.of(url)).value('archive_failures_total')!;
    await eventually(async () => {
      const scrape = await Scrape.of(url);
      expect(scrape.value('archive_failures_total')).toBeGreaterThan(failures + 1);
      expect(scrape.value('archive_overdue_seconds')).toBeGreaterThan(0);
    });
    expect(readdirSync(pipeline.folder)).toEqual([]);
    for (const { eventId } of late) await pipeline.get(`/api/v1/events/${eventId}`);

    rmSync(pipeline.folder, { recursive: true });
    renameSync(`${pipeline.folder}-away`, pipeline.folder);
    await allMoved();
    expect(await pipeline.walk('limit=50')).toHaveLength(90 + late.length);
  });

  it('gives up the segment at hand on SIGTERM, ends with 0, and leaves everything as it was', async () => {
    // More than one statement deletes.
    const old = Array.from({ length: 12_000 }, (_, n) => anEvent({ occurredAt: new Date(Date.UTC(2020, 0, 1) + n) }));
    await storeEvents(pipeline.db.database, old);
    await inTransaction(pipeline.db.url, async (query) => {
      await query('SELECT FROM events WHERE event_id = $1 FOR UPDATE', [old[0]!.eventId]);
      const archiver = pipeline.startArchiver();
      await eventually(async () => {
        const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
          AND query LIKE '%DELETE FROM events%'`;
        expect(await pipeline.db.database.query(waiting)).toHaveLength(1);
      }, 30_000);
      const stopped = archiver.stop();
      await archiver.logged('Stopping.');
      await query('ROLLBACK');
      expect(await stopped).toBe(0);
    });
    expect(await pipeline.hotRows('true', [])).toBe(12_000);
    expect(readdirSync(pipeline.folder)).toEqual([]);
    expect(await pipeline.db.database.query(`SELECT FROM cold_segments WHERE state <> 'writing'`)).toEqual([]);
    pipeline.startArchiver();
    await allMoved();
  });
});
