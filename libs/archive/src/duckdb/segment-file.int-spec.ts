import { randomBytes, randomUUID } from 'node:crypto';
import { appendFileSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from './engine';
import { EMPTY_TALLY } from '../row-tally';
import { writePart } from './rewrite-file';
import { readBack, readKeys, writeParquet, writeSegment } from './segment-file';

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

describe('a file that is read again', () => {
  const A = '00000000-0000-4000-8000-000000000000';
  const B = '80000000-0000-4000-8000-000000000000';

  it.each<[string, string[]]>([
    ['has rows in the order of their ids', [`(1, 1, '${B}')`, `(1, 1, '${A}')`]],
    ['has rows in the order of their times', [`(1, 2, '${A}')`, `(1, 1, '${B}')`]],
    ['has rows in the order of their projects', [`(2, 1, '${A}')`, `(1, 2, '${B}')`]],
    ['has no row twice', [`(1, 1, '${A}')`, `(1, 1, '${A}')`]],
  ])('%s', async (_, wrong) => {
    const [right, other] = [join(folder, `${randomUUID()}.parquet`), join(folder, `${randomUUID()}.parquet`)];
    await writeParquet(engine, rowsOf([`(1, 1, '${A}')`, `(1, 1, '${B}')`, `(1, 2, '${A}')`, `(2, 1, '${A}')`]), right);
    expect((await readBack(engine, right)).tally.rows).toBe(4);
    await writeParquet(engine, rowsOf(wrong), other);
    await expect(readBack(engine, other)).rejects.toThrow('not in order');
  });

  it('has the keys of the rows that were summed up', async () => {
    const path = join(folder, 'keys.parquet');
    await writeParquet(engine, rowsOf([`(1, 1, '${A}')`]), path);
    const { content } = await readBack(engine, path);
    expect((await readKeys(engine, path, content)).eventIds.toString('hex')).toBe(A.replaceAll('-', ''));
    const other = join(folder, 'other-keys.parquet');
    await writeParquet(engine, rowsOf([`(1, 1, '${B}')`]), other);
    await expect(readKeys(engine, other, content)).rejects.toThrow('different rows');
  });
});

it('tells of each group of rows which users are in it, also where rows are left out', async () => {
  const [all, some] = [join(folder, 'all.parquet'), join(folder, 'some.parquet')];
  // As many as there can be: a group in which all are different has no dictionary.
  await writeParquet(
    engine,
    `SELECT 'u' || greatest(n, n // 9000 * 9000 + 1) AS user_id FROM range(40000) AS r (n)`,
    all,
  );
  const part = { conditions: [`user_id <> 'u7'`], index: 0, tally: EMPTY_TALLY };
  await writePart(engine, [all], part, { path: some, slice: () => '' });
  const groups = await engine.connected(async (connection) => {
    const sql = `SELECT bloom_filter_length > 0 AS told FROM parquet_metadata('${some}')`;
    return (await connection.runAndReadAll(sql)).getRowObjectsJS();
  });
  expect(groups.length).toBeGreaterThan(2);
  expect(groups.filter(({ told }) => told !== true)).toEqual([]);
});

/** @param keys project, second and id of each. */
function rowsOf(keys: readonly string[]): string {
  return `SELECT project_id, TIMESTAMP '2026-01-01' + to_seconds(second) AS occurred_at, id::UUID AS event_id,
      NULL::DECIMAL(38, 9) AS amount, 'page.viewed' AS name, NULL::VARCHAR AS source, 'u' AS user_id, '{}' AS data,
      NULL::VARCHAR AS context
    FROM (VALUES ${keys.join(', ')}) AS v (project_id, second, id)`;
}

/** Nothing that could be packed. */
function lineOf(number: number): string {
  const time = new Date(Date.UTC(2026, 0, 1) + number * 1000).toISOString().replace('T', ' ').replace('Z', '');
  const data = JSON.stringify({ x: randomBytes((DATA_BYTES / 4) * 3).toString('base64') });
  return `${['1', time, randomUUID(), time, time, '', 'page.viewed', 'web', 'user-1', data, ''].join('\x02')}\n`;
}
