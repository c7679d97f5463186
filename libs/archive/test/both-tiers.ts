import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { Client } from 'pg';

/** One event as both tiers can be asked for it, everything as text. */
export type PlainRow = readonly (string | null)[];

const COLUMNS = ['project_id', 'event_id', 'name', 'source', 'user_id', 'data', 'context'];
const TIMES = ['occurred_at', 'received_at', 'stored_at'];

/**
 * Everything that a reader of both tiers finds, by its own statements: the manifest and the hot rows of one snapshot, and
 * then the files. In the order of the keys; what is found twice is there twice.
 */
export async function readBothTiers(url: string, folder: string): Promise<PlainRow[]> {
  const { hot, files } = await snapshot(url);
  const cold = files.length === 0 ? [] : await readFiles(files.map((file) => join(folder, file)));
  return [...hot, ...cold].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** What the hot tier has. */
export async function readHot(url: string): Promise<PlainRow[]> {
  return (await snapshot(url)).hot;
}

export function idsOf(rows: readonly PlainRow[]): string[] {
  return rows.map(([, eventId]) => eventId ?? '').sort();
}

async function snapshot(url: string): Promise<{ hot: PlainRow[]; files: string[] }> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const manifest = await client.query<{ file: string }>(`SELECT file FROM cold_segments WHERE state = 'committed'`);
    const times = TIMES.map((column) => `(extract(epoch FROM ${column}) * 1000000)::bigint::text`);
    const texts = [...COLUMNS.map((column) => `${column}::text`), ...times, 'trim_scale(amount)::text'];
    const hot = await client.query<(string | null)[]>({
      text: `SELECT ${texts.join(', ')} FROM events`,
      rowMode: 'array',
    });
    return { hot: hot.rows, files: manifest.rows.map(({ file }) => file) };
  } finally {
    await client.end();
  }
}

async function readFiles(paths: readonly string[]): Promise<PlainRow[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '200MB' });
  const connection = await instance.connect();
  try {
    const times = TIMES.map((column) => `epoch_us(${column})::VARCHAR`);
    const amount = `regexp_replace(amount::VARCHAR, '\\.?0+$', '')`;
    const texts = [...COLUMNS.map((column) => `${column}::VARCHAR`), ...times, amount];
    const files = paths.map((path) => `'${path}'`).join(', ');
    const read = await connection.runAndReadAll(`SELECT ${texts.join(', ')} FROM read_parquet([${files}])`);
    return read.getRows() as (string | null)[][];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function key([projectId, eventId]: PlainRow): string {
  return `${projectId}/${eventId}`;
}
