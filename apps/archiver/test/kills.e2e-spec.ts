import { readdirSync } from 'node:fs';
import { Recount } from '../../api/test/recount';
import { expectStatistics } from '../../api/test/statistics-check';
import { ArchiveWorker, type WorkOrder, type WorkerWord } from './kills/archive-worker';
import { KillRig, type WatchedProject } from './kills/kill-rig';

jest.setTimeout(1_800_000);

/** Each instant so often. */
const TIMES = process.env['TEST_KILLS'] === 'full' ? 5 : 1;
const EVENTS = 500;

/** Where the archiver is killed: after its own steps, and in the middle of them. */
const INSTANTS = [
  ...['locked', 'swept', 'beginning', 'begun', 'copying', 'spooled', 'writing', 'written', 'settled', 'verifying'],
  ...['verified', 'renaming', 'renamed', 'naming in the manifest', 'deleting', 'about to commit', 'committing'],
  ...['published', 'cleared'],
];
/** The same, of what a run that died has left. */
const OF_LEFT_OVERS = ['sweeping files', 'sweeping rows'];

describe('an archiver that is killed with kill -9', () => {
  let rig: KillRig;
  let project: WatchedProject;
  let worker: ArchiveWorker;
  let next: ArchiveWorker;

  beforeAll(async () => {
    [worker, next] = [new ArchiveWorker(), new ArchiveWorker()];
    rig = await KillRig.start();
    project = await rig.project(EVENTS);
  }, 60_000);

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

  /** @param segment of the run, in which it is killed, from 1. */
  async function killAt(at: string, segment = 1): Promise<WorkerWord> {
    await project.writer.lateOnes();
    const maxRows = segment === 1 ? 1000 : Math.ceil((await rig.waiting()) / segment) + 1;
    try {
      const word = await worker.order(order({ at, times: segment, maxRows }));
      if ('held' in word && word.dying === true) await worker.died();
      else await lookAround();
      await worker.kill();
      expect(await rig.lookAtTiers(project)).toEqual([]);
      return word;
    } finally {
      await worker.kill();
      [worker, next] = [next, new ArchiveWorker()];
    }
  }

  describe.each(Array.from({ length: TIMES }, (_, time) => time))('time %i', (time) => {
    it.each(INSTANTS)('loses, doubles and hides nothing at: %s', async (at) => {
      const inRun = ['locked', 'swept'].includes(at);
      expect(await killAt(at, inRun ? 1 : 1 + (time % 2))).toMatchObject({ held: at });
    });

    it.each(OF_LEFT_OVERS)('loses, doubles and hides nothing at: %s', async (at) => {
      expect(await killAt('renamed')).toMatchObject({ held: 'renamed' });
      expect(await killAt(at)).toMatchObject({ held: at });
    });
  });

  it('leaves to the next run to end the work, with nothing left over', async () => {
    await project.writer.stop();
    await rig.drained();
    expect(await worker.order(order({}))).toMatchObject({ done: { ran: true } });
    expect(await rig.waiting()).toBe(0);
    await project.watch.round();
    expect([...project.watch.complaints, ...(await rig.lookAtTiers(project))]).toEqual([]);
    expect(await rig.duplicates()).toBe(project.writer.repeats);
    const files = await rig.db.database.query<{ file: string }>('SELECT file FROM cold_segments ORDER BY file');
    expect(readdirSync(rig.folder).sort()).toEqual(files.map(({ file }) => file));
    expect(await rig.db.database.query(`SELECT FROM cold_segments WHERE state <> 'committed'`)).toEqual([]);
  });

  it('leaves every number as a plain recount has it', async () => {
    const ask = async (path: string): Promise<unknown> => JSON.parse(await project.ask(path)) as unknown;
    await expectStatistics(ask, new Recount(project.known.now()));
    process.stderr.write(`Passes of the readers: ${JSON.stringify(project.watch.passes)}\n`);
  });
});
