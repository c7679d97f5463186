import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describeWithKafka } from '@app/testing';
import { Pipeline } from '../../consumer/test/pipeline';
import { CliProcess } from './cli-process';
import { STORED_ROWS } from './local-pipeline';
import { expectedRow, realEvents, realEventsCsv } from './real-events';

jest.setTimeout(180_000);

describeWithKafka('millrace import through Kafka and three consumers', (brokers) => {
  let folder: string;
  let pipeline: Pipeline;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-import-'));
    pipeline = await Pipeline.open(brokers.join(','));
  });
  afterAll(async () => {
    // A group whose members were killed cannot be removed until their session is over.
    await Promise.all(pipeline.processes.map((process) => process.stop()));
    await pipeline.close();
    rmSync(folder, { recursive: true });
  });

  it('stores 21,160 real events equal to the file; again adds none; every offset is accounted for', async () => {
    const csv = realEventsCsv();
    const file = join(folder, 'commits.csv.gz');
    writeFileSync(file, gzipSync(csv));
    const { url } = await pipeline.api();
    for (let count = 0; count < 3; count += 1) pipeline.consumer();
    const run = () => new CliProcess(['import', file, '--url', url, '--key', pipeline.key], {}).result;

    expect(await run()).toMatchObject({ code: 0, stderr: '' });
    await pipeline.drained(60_000);
    const rows = await pipeline.db.database.query<{ event_id: string }>(STORED_ROWS);
    const byId = new Map(rows.map((row) => [row.event_id, row]));
    const events = realEvents(csv);
    expect(rows).toHaveLength(events.length);
    expect(events.map(({ event_id }) => byId.get(event_id))).toEqual(events.map(expectedRow));

    expect(await run()).toMatchObject({ code: 0, stderr: '' });
    await pipeline.drained(60_000);
    const positions = await pipeline.positions();
    const sum = (pick: (position: (typeof positions)[number]) => number): number =>
      positions.reduce((total, position) => total + pick(position), 0);
    expect([sum(({ stored }) => stored), sum(({ duplicate }) => duplicate)]).toEqual([21_160, 21_160]);
    for (const { stored, duplicate, dead, erased, nextOffset } of positions) {
      expect(stored + duplicate + dead + erased).toBe(nextOffset);
    }
  });
});
