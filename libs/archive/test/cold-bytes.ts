import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

/** Which files of a folder have a text, as bytes or in any column of any row of a segment. */
export async function filesWith(folder: string, text: string): Promise<string[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    const found: string[] = [];
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const raw = readFileSync(path).includes(text);
      const rows = `SELECT 1 FROM read_parquet('${path}') AS r WHERE contains(r::VARCHAR, '${text}') LIMIT 1`;
      const read = raw ? undefined : await connection.runAndReadAll(rows);
      if (raw || read!.currentRowCount > 0) found.push(name);
    }
    return found;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
