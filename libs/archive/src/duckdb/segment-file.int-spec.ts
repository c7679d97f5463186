import { randomBytes, randomUUID } from 'node:crypto';
import { appendFileSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from './engine';
import { readBack, writeSegment } from './segment-file';

const EVENTS = 600;
/** As much as an event may have. */
const DATA_BYTES = 262_000;

let folder: string;
let engine: Engine;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-segment-file-'));
  engine = new Engine({ memoryMb: 120, threads: 1, tempFolder: folder });
});

afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

it('writes the largest events that there can be in less memory than they take, in their order', async () => {
  const spool = join(folder, 'large.csv');
  for (let number = 0; number < EVENTS; number += 1) appendFileSync(spool, lineOf(number));
  const path = join(folder, 'large.parquet');

  await writeSegment(engine, spool, lineOf(0).length, path);

  const { tally } = await readBack(engine, path);
  expect(tally.rows).toBe(EVENTS);
  expect(tally.textBytes).toBeGreaterThan(EVENTS * DATA_BYTES);
});

/** Nothing that could be packed. */
function lineOf(number: number): string {
  const time = new Date(Date.UTC(2026, 0, 1) + number * 1000).toISOString().replace('T', ' ').replace('Z', '');
  const data = JSON.stringify({ x: randomBytes((DATA_BYTES / 4) * 3).toString('base64') });
  return `${['1', time, randomUUID(), time, time, '', 'page.viewed', 'web', 'user-1', data, ''].join('\x02')}\n`;
}
