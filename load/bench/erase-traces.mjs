/** Where a text is found: in rows, in files of old events, in the files of PostgreSQL. */
import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

async function tablesWith(session, text) {
  const tables = await session.query(
    `SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
  );
  const bytes = Buffer.from(text);
  const forms = [text, bytes.toString('hex'), bytes.toString('base64').replace(/=+$/, '')];
  const found = [];
  for (const { name } of tables) {
    const [row] = await session.query(
      `SELECT EXISTS (SELECT FROM ${name} t, unnest($1::text[]) AS form WHERE strpos(t::text, form) > 0) AS found`,
      [forms],
    );
    if (row.found) found.push(`table ${name}`);
  }
  return found;
}

/** As bytes, and, since columns are compressed, in any column of any row. */
async function segmentsWith(folder, text) {
  const { DuckDBInstance } = require('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const found = [];
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const rows = `SELECT 1 FROM read_parquet('${path}') AS r WHERE contains(r::VARCHAR, '${text}') LIMIT 1`;
    const there = readFileSync(path).includes(text) || (await connection.runAndReadAll(rows)).currentRowCount > 0;
    if (there) found.push(`file ${name}`);
  }
  connection.closeSync();
  instance.closeSync();
  return found;
}

async function fileHas(path, text) {
  let tail = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const piece = Buffer.concat([tail, chunk]);
    if (piece.includes(text)) return true;
    tail = piece.subarray(Math.max(0, piece.length - text.length));
  }
  return false;
}

/** Of tables, indexes and what is stored beside tables: their files. */
async function relationsWith(session, text) {
  await session.query('CHECKPOINT');
  const [{ folder }] = await session.query(
    `SELECT current_setting('data_directory') || '/base/' || oid AS folder FROM pg_database WHERE datname = current_database()`,
  );
  const names = await session.query(
    `SELECT pg_relation_filenode(oid)::text AS node, oid::regclass::text AS name FROM pg_class WHERE pg_relation_filenode(oid) IS NOT NULL`,
  );
  const nameOf = new Map(names.map(({ node, name }) => [node, name]));
  const found = new Set();
  for (const file of readdirSync(folder)) {
    const [node] = file.split(/[._]/);
    if (await fileHas(join(folder, file), text)) found.add(nameOf.get(node) ?? file);
  }
  return [...found];
}

/** @returns where the text is, of all that the service keeps; and what had it until PostgreSQL wrote its files anew. */
export async function traces({ database, environment }, serverLog, text) {
  const { LongSession } = require('../../dist/libs/persistence/src/index.js');
  // All of it takes longer than a statement of the service may.
  const session = await LongSession.open(database.config);
  const found = [
    ...(await tablesWith(session, text)),
    ...(await segmentsWith(environment.MILLRACE_COLD_DIR, text)),
    ...((await fileHas(serverLog, text)) ? ["PostgreSQL's log"] : []),
  ];
  await session.query('VACUUM ANALYZE');
  const afterVacuum = await relationsWith(session, text);
  await session.query('VACUUM FULL');
  // ANALYZE leaves the planner's statistics of a table as they were that has no row any more.
  const relations = (await relationsWith(session, text)).filter((name) => name !== 'pg_statistic');
  await session.close();
  return { found: [...found, ...relations], afterVacuum };
}
