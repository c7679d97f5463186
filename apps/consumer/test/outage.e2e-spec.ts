import { describeWithKafka, eventually, outageSize } from '@app/testing';
import { OutageLoad } from './outage-load';
import { BEYOND_SESSION_MS, lasting, OutageRig } from './outage-rig';

jest.setTimeout(900_000);

const UNREADABLE = 5;

/** One test after another on one service under one load, as the days of an operator go. */
function describeOutages(log: 'kafka' | 'postgres'): void {
  let rig: OutageRig;
  let load: OutageLoad;

  beforeAll(async () => {
    rig = await OutageRig.start(log);
    load = new OutageLoad(rig);
  }, 120_000);

  afterAll(() => rig.close());

  it('goes on after everything was restarted, one after another', async () => {
    await rig.restartEverything();
    await load.recovered('rolling restart');
  });

  it('goes on after PostgreSQL was stopped', async () => {
    await rig.stopPostgres();
    await lasting(outageSize.outageMs);
    await rig.startPostgres();
    await load.recovered(`PostgreSQL stopped for ${outageSize.outageMs} ms`);
  });

  it('does without a consumer that is frozen past its session, and takes it back when it wakes', async () => {
    const [frozen] = rig.consumers;
    frozen?.signal('SIGSTOP');
    await lasting(BEYOND_SESSION_MS);
    await load.recovered('consumer frozen: the others took over');
    frozen?.signal('SIGCONT');
    await load.recovered('consumer woken');
  });

  if (log === 'kafka') {
    it('goes on after Kafka was stopped', async () => {
      await rig.broker.kill();
      await lasting(outageSize.outageMs);
      await rig.broker.start();
      await load.recovered(`Kafka stopped for ${outageSize.outageMs} ms`);
    });

    it('reads the other partitions while one is unreadable, and that one when it can be read again', async () => {
      rig.proxy?.unreadable.add(UNREADABLE);
      const before = (await rig.nextOffsets()).get(UNREADABLE) ?? 0;
      await eventually(async () => {
        const ends = await rig.logEnds();
        expect(ends.get(UNREADABLE)).toBeGreaterThan(before + outageSize.eventsPerSecond / 2);
        ends.delete(UNREADABLE);
        expect(await rig.unreadBelow(ends)).toBeLessThan(outageSize.eventsPerSecond);
      }, 120_000);
      // The bit of it that was fetched before is all that may have come through.
      expect((await rig.nextOffsets()).get(UNREADABLE)).toBeLessThan(before + outageSize.eventsPerSecond / 2);
      rig.proxy?.unreadable.clear();
      await load.recovered('one partition unreadable');
    });
  }

  it('has stored every acknowledged event once, no refused one, and every offset is accounted for', async () => {
    const { patient, careless } = await load.finish();
    for (const check of [patient, careless]) expect(check).toMatchObject({ violationCount: 0, violations: [] });
    expect(patient.ok + careless.ok).toBeGreaterThanOrEqual(outageSize.events);
    expect(patient.refused).toBeGreaterThan(0);
    expect(await rig.complaints()).toEqual([]);
  });
}

describeWithKafka('the pipeline on Kafka through outages', () => {
  describeOutages('kafka');
});

describe('the pipeline on the embedded log through outages', () => {
  describeOutages('postgres');
});
