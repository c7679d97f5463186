import { Recount } from '../../api/test/recount';
import { expectStatistics } from '../../api/test/statistics-check';
import { ArchiveWorker, type WorkOrder, type WorkerWord } from './kills/archive-worker';
import { KillRig, type WatchedProject } from './kills/kill-rig';
import type { SentEvent } from './kills/known-events';

jest.setTimeout(1_800_000);

const FULL = process.env['TEST_KILLS'] === 'full';
/** Each instant so often. */
const TIMES = FULL ? 5 : 1;
const EVENTS = 300;
/** Of a run with small segments, so that there are some to merge. */
const SMALL = 10;
const KEEP_DAYS = 200;
/** Long enough for who is about to open a file; who was stopped for longer looks for it anew. */
const SHORT_GRACE_MS = 1000;

/** Where the archiver is killed: after its own steps, and in the middle of them. */
const INSTANTS = [
  ...['locked', 'swept', 'beginning', 'begun', 'copying', 'spooled', 'writing', 'written', 'settled', 'verifying'],
  ...['verified', 'renaming', 'renamed', 'naming in the manifest', 'deleting', 'about to commit', 'committing'],
  ...['published', 'cleared'],
];
/** The same, of what a run that died has left. */
const OF_LEFT_OVERS = ['sweeping files', 'sweeping rows'];
/** Of files that are replaced, in this order: after the last one there may be none left. Where files change hands each time. */
const REWRITING = FULL
  ? ['counted', 'begun', 'written', 'settled', 'verified', 'renamed', 'replaced', 'published']
  : ['written', 'replaced', 'published'];

describe.each(Array.from({ length: TIMES }, (_, time) => time))('killed with kill -9, time %i,', (time) => {
  let rig: KillRig;
  let project: WatchedProject;
  let worker: ArchiveWorker;
  let next: ArchiveWorker;

  beforeAll(async () => {
    [worker, next] = [new ArchiveWorker(), new ArchiveWorker()];
    rig = await KillRig.start();
    project = await rig.project(EVENTS);
  }, 120_000);

  afterAll(async () => {
    await project.watch.stop();
    await project.writer.stop();
    await Promise.all([worker.kill(), next.kill()]);
    await rig.close();
  });

  function order(part: Partial<WorkOrder>): WorkOrder {
    return { job: 'archive', url: rig.db.url, folder: rig.folder, boundary: rig.boundary, maxRows: 1000, ...part };
  }

  /** Those who watch look again, in whole, and so do we; events come meanwhile. */
  async function lookAround(): Promise<void> {
    const [, , tiers] = await Promise.all([project.watch.round(), project.writer.lateOnes(), rig.lookAtTiers(project)]);
    expect([...project.watch.complaints, ...project.writer.complaints, ...tiers]).toEqual([]);
  }

  /** One after the other; the next one is being started meanwhile. */
  async function withWorker<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      await worker.kill();
      [worker, next] = [next, new ArchiveWorker()];
    }
  }

  /** Events come late, the worker gets to the instant, all look, and it is killed. */
  async function killAt(at: string, part: Partial<WorkOrder> = {}): Promise<WorkerWord> {
    await project.writer.lateOnes();
    const word = await withWorker(async () => {
      const said = await worker.order(order({ at, ...part }));
      if ('held' in said && said.dying === true) await worker.died();
      else await lookAround();
      return said;
    });
    expect(await rig.lookAtTiers(project)).toEqual([]);
    return word;
  }

  /** Every other time in the second segment of the run. */
  async function segments(): Promise<Partial<WorkOrder>> {
    if (time % 2 === 0) return {};
    await project.writer.begin(SMALL);
    return { times: 2, maxRows: Math.ceil((await rig.waiting()) / 2) };
  }

  async function done(part: Partial<WorkOrder> = {}): Promise<void> {
    expect(await withWorker(() => worker.order(order(part)))).toMatchObject({ done: { ran: true } });
  }

  describe('an archiver that moves events', () => {
    it.each(INSTANTS)('loses, doubles and hides nothing at: %s', async (at) => {
      const part = at === 'locked' || at === 'swept' ? {} : await segments();
      expect(await killAt(at, part)).toMatchObject({ held: at });
    });

    it.each(OF_LEFT_OVERS)('loses, doubles and hides nothing at: %s', async (at) => {
      expect(await killAt('renamed')).toMatchObject({ held: 'renamed' });
      expect(await killAt(at)).toMatchObject({ held: at });
    });
  });

  describe('one that merges small segments', () => {
    beforeAll(async () => {
      await project.writer.begin(SMALL * 9);
      await done({ maxRows: SMALL });
    });

    it.each(REWRITING.map((step) => `merge-${step}`))('loses, doubles and hides nothing at: %s', async (at) => {
      expect(await killAt(at)).toMatchObject({ held: at });
    });

    it('loses, doubles and hides nothing at: removed', async () => {
      expect(await killAt('removed', { graceMs: SHORT_GRACE_MS })).toMatchObject({ held: 'removed' });
    });
  });

  describe('one that drops events that are older than their project keeps them', () => {
    let ancient: readonly SentEvent[];

    beforeAll(async () => {
      ancient = await project.writer.ancient(SMALL);
      project.known.leave(ancient);
      await rig.keepFor(KEEP_DAYS, project);
    });

    it.each(REWRITING.map((step) => `expire-${step}`))('loses, doubles and hides nothing else at: %s', async (at) => {
      expect(await killAt(at)).toMatchObject({ held: at });
    });

    it('leaves to the next run to end the work', async () => {
      await done();
      project.known.gone(ancient);
      await rig.keepFor(null, project);
      await lookAround();
    });
  });

  describe('one that erases a user', () => {
    const user = 'to be erased';
    const erased: SentEvent[] = [];

    beforeAll(async () => {
      for (let file = 0; file < 2; file += 1) {
        erased.push(...(await project.writer.of(user, SMALL)));
        await done();
      }
      erased.push(...(await project.writer.of(user, SMALL)));
      project.known.leave(erased);
      await project.erase(encodeURIComponent(user));
    });

    it.each(REWRITING.map((step) => `erase-${step}`))('loses, doubles and hides nobody else at: %s', async (at) => {
      expect(await killAt(at, { job: 'erase' })).toMatchObject({ held: at });
    });

    it('leaves to the next one to end the work, with nothing left of the user', async () => {
      await done({ job: 'erase', graceMs: SHORT_GRACE_MS });
      project.known.gone(erased);
      await lookAround();
    });
  });

  it('leaves nothing over when all has come to its end', async () => {
    await project.writer.stop();
    await rig.drained();
    await done();
    expect(await rig.waiting()).toBe(0);
    await project.watch.round();
    expect([...project.watch.complaints, ...(await rig.lookAtTiers(project))]).toEqual([]);
    expect(await rig.duplicates()).toBe(project.writer.repeats);
    await project.watch.stop();
    await rig.db.database.query(`UPDATE cold_segments SET created_at = created_at - interval '1 day'`);
    await done({ graceMs: 0 });
    const { named, there } = await rig.files();
    expect(there).toEqual(named);
    expect(await rig.db.database.query(`SELECT FROM cold_segments WHERE state <> 'committed'`)).toEqual([]);
  });

  it('leaves every number as a plain recount has it', async () => {
    const ask = async (path: string): Promise<unknown> => JSON.parse(await project.ask(path)) as unknown;
    await expectStatistics(ask, new Recount(project.known.now()));
    process.stderr.write(`Passes of the readers: ${JSON.stringify(project.watch.passes)}\n`);
  });
});
