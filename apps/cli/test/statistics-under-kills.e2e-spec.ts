import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithKafka, eventually, type AppProcess } from '@app/testing';
import { Recount } from '../../api/test/recount';
import { asking, expectStatistics } from '../../api/test/statistics-check';
import { Pipeline } from '../../consumer/test/pipeline';
import { CliProcess } from './cli-process';
import { realEventsCsv } from './real-events';
import { expectTruth, realCountedEvents } from './real-statistics';

jest.setTimeout(240_000);

/** Small transactions: there are many moments to die in. */
const SETTINGS = { MILLRACE_BATCH_MAX_EVENTS: '100' };
const KILLS = 2;

describeWithKafka('the statistics of an import through Kafka and three consumers', (brokers) => {
  const csv = realEventsCsv();
  const recount = new Recount(realCountedEvents(csv));
  let folder: string;
  let pipeline: Pipeline;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-statistics-'));
    pipeline = await Pipeline.open(brokers.join(','));
  });
  afterAll(async () => {
    await pipeline.close();
    rmSync(folder, { recursive: true });
  });

  async function stored(): Promise<number> {
    return (await pipeline.positions()).reduce((sum, position) => sum + position.stored, 0);
  }

  /** Waits for a random one of the next events, and sends SIGKILL to whichever consumer; another one takes its place. */
  async function killSomeone(consumers: AppProcess[]): Promise<void> {
    const before = await stored();
    const due = before + Math.random() * (recount.size - before) * 0.5;
    await eventually(async () => {
      expect(await stored()).toBeGreaterThanOrEqual(due);
    }, 60_000);
    const [victim] = consumers.splice(Math.floor(Math.random() * consumers.length), 1);
    await victim?.kill();
    consumers.push(pipeline.consumerWith(SETTINGS));
  }

  it('are those of a plain recount, though consumers are killed at random moments', async () => {
    const file = join(folder, 'commits.csv');
    writeFileSync(file, csv);
    const { url } = await pipeline.api();
    const consumers = await Promise.all(
      Array.from({ length: 3 }, async () => (await pipeline.joinedConsumer(SETTINGS)).process),
    );
    const imported = new CliProcess(['import', file, '--url', url, '--key', pipeline.key], {}).result;
    for (let kills = 0; kills < KILLS; kills += 1) await killSomeone(consumers);
    expect(await imported).toMatchObject({ code: 0 });
    await pipeline.drained(90_000);

    expect(await stored()).toBe(recount.size);
    const ask = asking(url, pipeline.key);
    await expectTruth(ask);
    await expectStatistics(ask, recount);
  });
});
