import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Recount } from '../../api/test/recount';
import { asking, expectStatistics } from '../../api/test/statistics-check';
import { CliProcess } from './cli-process';
import { LocalPipeline } from './local-pipeline';
import { realEventsCsv } from './real-events';
import { expectTruth, realCountedEvents } from './real-statistics';

jest.setTimeout(300_000);

const csv = realEventsCsv();
const [header = '', ...lines] = csv.toString().trimEnd().split('\r\n');
const recount = new Recount(realCountedEvents(csv));

function shuffled(items: readonly string[]): string[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

/** 30 % of the lines come twice, at any place. */
function withDuplicates(): string[] {
  return shuffled([...lines, ...lines.filter(() => Math.random() < 0.3)]);
}

let folder: string;
let pipeline: LocalPipeline;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-statistics-'));
  pipeline = await LocalPipeline.start();
});
afterAll(async () => {
  await pipeline.stop();
  rmSync(folder, { recursive: true });
});

it.each([
  ['in the order of the file', () => lines],
  ['from the newest to the oldest', () => [...lines].reverse()],
  ['in any order, with three in ten twice', withDuplicates],
])('21,160 real events, imported %s, have the numbers of a plain recount', async (order, rows) => {
  const file = join(folder, 'commits.csv');
  writeFileSync(file, [header, ...rows(), ''].join('\r\n'));
  const key = await pipeline.addProject(order);
  const args = ['import', file, '--url', pipeline.url, '--key', key];
  expect(await new CliProcess(args, {}).result).toMatchObject({ code: 0 });
  await pipeline.drained(120_000);
  const ask = asking(pipeline.url, key);
  await expectTruth(ask);
  await expectStatistics(ask, recount);
});
