import { ArchiveWorker, type WorkOrder } from './kills/archive-worker';
import { KillRig, type WatchedProject } from './kills/kill-rig';

jest.setTimeout(120_000);

const EVENTS = 100;
const RUNS = 20;

/** ARCHIVE_LOCK as `pg_locks` shows it. */
const LOCK_HOLDERS = `FROM pg_locks WHERE locktype = 'advisory' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (classid::bigint << 32) + objid::bigint = 7106925117`;

/** What the tests of the honest archiver look for is found where it is: here it is put there. */
describe('those who watch notice', () => {
  let rig: KillRig;
  let project: WatchedProject;
  let workers: ArchiveWorker[];

  beforeEach(() => {
    workers = [];
  });

  afterEach(async () => {
    await project.watch.stop();
    await project.writer.stop();
    await Promise.all(workers.map((each) => each.kill()));
  });

  function worker(bug?: string): ArchiveWorker {
    const started = new ArchiveWorker(bug);
    workers.push(started);
    return started;
  }

  function order(at?: string): WorkOrder {
    const { folder, boundary } = rig;
    return { job: 'archive', url: rig.db.url, folder, boundary, maxRows: 1000, ...(at === undefined ? {} : { at }) };
  }

  async function complaints(): Promise<string> {
    const [, tiers] = await Promise.all([project.watch.round(), rig.lookAtTiers(project)]);
    return [...project.watch.complaints, ...tiers].join('\n');
  }

  describe('an archiver', () => {
    beforeAll(async () => {
      rig = await KillRig.start();
    }, 60_000);

    beforeEach(async () => {
      project = await rig.project(EVENTS);
    });

    afterAll(() => rig.close());

    it('that drops rows before their file is published', async () => {
      const bad = worker('rows dropped before publish');
      expect(await bad.order(order('about to commit'))).toEqual({ held: 'about to commit' });
      const told = await complaints();
      expect(told).toMatch(/lists: .* hidden/);
      expect(told).toMatch(/singles: .* 404/);
      expect(told).toMatch(/both tiers: \d+ lost/);
    });

    it('that deletes by range, and not by the keys that are in the file', async () => {
      const bad = worker('rows deleted by range');
      expect(await bad.order(order('renamed'))).toEqual({ held: 'renamed' });
      await project.writer.lateOnes(2);
      expect(await bad.goOn()).toMatchObject({ done: { ran: true } });
      expect(await complaints()).toMatch(/both tiers: \d+ lost/);
    });

    it('that goes on without its lock, and does not ask whose the segment is', async () => {
      const bad = worker('rows deleted by whoever wrote the file');
      expect(await bad.order(order('renamed'))).toEqual({ held: 'renamed' });
      await rig.db.database.query(`SELECT pg_terminate_backend(pid) ${LOCK_HOLDERS}`);
      const other = worker();
      expect(await other.order(order('renamed'))).toEqual({ held: 'renamed' });
      await bad.goOn();
      expect(await complaints()).toMatch(/both tiers: \d+ lost/);
      expect(await other.goOn()).toMatchObject({ failed: 'SEGMENT_LOST' });
    });
  });

  it('a reader who has hot rows and the manifest of two instants', async () => {
    rig = await KillRig.start('apps/archiver/test/kills/hasty-api.cjs');
    try {
      project = await rig.project(EVENTS);
      let told = '';
      for (let run = 0; run < RUNS && told === ''; run += 1) {
        await project.writer.lateOnes();
        expect(await worker().order(order())).toMatchObject({ done: { ran: true } });
        told = await complaints();
      }
      expect(told).toMatch(/lists: .* doubled/);
      await project.watch.stop();
      await project.writer.stop();
    } finally {
      await rig.close();
    }
  });
});
