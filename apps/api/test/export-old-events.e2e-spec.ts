import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Archiver, Engine, LocalSegmentStorage } from '@app/archive';
import { eventually } from '@app/testing';
import { runningApi, type TestApi } from './running-api';
import { storeBodies } from './store-bodies';

jest.setTimeout(60_000);

/** More than a page. */
const OF_EACH_TIER = 250;
const BOUNDARY = new Date('2026-01-01T00:00:00Z');

let folder: string;
let file: string;
let test: TestApi;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-export-'));
  test = await runningApi({ MILLRACE_COLD_DIR: folder });
  const bodies = Array.from({ length: 2 * OF_EACH_TIER }, (_, n) => ({
    name: `n${n}`,
    occurred_at: new Date(BOUNDARY.getTime() + (n - OF_EACH_TIER) * 1000).toISOString(),
  }));
  await storeBodies(test.db.database, bodies, 1);
  const engine = new Engine({ memoryMb: 200, threads: 1, tempFolder: folder });
  const moved = await new Archiver(test.db.config, new LocalSegmentStorage(folder), engine).run({ boundary: BOUNDARY });
  await engine.close();
  expect(moved.rows).toBe(OF_EACH_TIER);
  file = join(folder, readdirSync(folder).find((name) => name.endsWith('.parquet')) ?? '');
});
afterAll(async () => {
  await test.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The file is there, and nobody can read it. @returns what undoes that. */
function unreadable(): () => void {
  renameSync(file, `${file}.kept`);
  writeFileSync(file, 'nothing');
  return () => {
    renameSync(`${file}.kept`, file);
  };
}

const get = (query = ''): Promise<Response> =>
  fetch(`${test.api.url}/api/v1/events.csv${query}`, { headers: { 'X-API-Key': test.key } });

it('an export that has begun waits for old events that cannot be read now, and has them all', async () => {
  const readable = unreadable();
  const answer = await get();
  expect(answer.status).toBe(200);
  const body = answer.text();
  await eventually(() => {
    expect(test.lines).toContainEqual(expect.objectContaining({ level: 40, msg: 'An export waits for old events.' }));
  });
  readable();
  const names = (await body)
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',')[5]);
  expect(names).toEqual(Array.from({ length: 2 * OF_EACH_TIER }, (_, n) => `n${2 * OF_EACH_TIER - 1 - n}`));
});

it('one that would begin with them is told at once', async () => {
  const readable = unreadable();
  const answer = await get(`?to=${BOUNDARY.toISOString()}`);
  readable();
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, expect.any(String)]);
});
