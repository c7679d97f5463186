import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { PostgresConfig } from '@app/config';
import { Database, migrateUp } from '@app/persistence';
import { Client } from 'pg';
import { runSql } from './run-sql';

const MIGRATIONS = join(__dirname, '../../../../migrations');

/** Any number: who makes the template waits for who makes it. */
const TEMPLATE_LOCK = 7_106_925_116;

/** A socket that was closed here takes the server a moment to notice. */
const LEAK_GRACE_MS = 3000;

export interface FreshDatabase {
  readonly config: PostgresConfig;
  readonly url: string;
  /** Opened; closed by `drop`. */
  readonly database: Database;
  /**
   * Removes the database.
   *
   * @throws when a connection to it is still open that is not `database`'s own: somebody forgot to close it.
   */
  drop(): Promise<void>;
}

/** A database of the current schema, of which nobody else knows, on the server of TEST_POSTGRES_URL. */
export async function freshDatabase(): Promise<FreshDatabase> {
  return copyOf(await migratedTemplate());
}

/** A database without any table, for tests of the migrations themselves. */
export async function emptyDatabase(): Promise<FreshDatabase> {
  return copyOf('template1');
}

async function copyOf(template: string): Promise<FreshDatabase> {
  const name = `millrace_test_${randomUUID().replaceAll('-', '')}`;
  await runSql(serverUrl(), `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const database = new Database(configOf(name));
  await database.open();
  const { config } = database;
  return { config, url: config.url, database, drop: () => dropDatabase(name, database) };
}

async function dropDatabase(name: string, database: Database): Promise<void> {
  await database.close();
  const leaked = await leakedConnections(name);
  await runSql(serverUrl(), `DROP DATABASE ${name} WITH (FORCE)`);
  if (leaked.length > 0) throw new Error(`Connections were left open: ${leaked.join('; ')}`);
}

async function leakedConnections(name: string): Promise<string[]> {
  const deadline = Date.now() + LEAK_GRACE_MS;
  for (;;) {
    const rows = await runSql<{ connection: string }>(
      serverUrl(),
      `SELECT concat_ws(', ', nullif(application_name, ''), state, left(query, 80)) AS connection
       FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'`,
      [name],
    );
    if (rows.length === 0 || Date.now() > deadline) return rows.map(({ connection }) => connection);
    await delay(20);
  }
}

/** Made once per server and version of the migrations; a copy of it takes milliseconds, the migrations do not. */
async function migratedTemplate(): Promise<string> {
  const template = `millrace_template_${digestOfMigrations()}`;
  // Advisory locks count per database: everybody takes this one in the server's own.
  const client = new Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [template]);
    if (rowCount === 0) {
      // Under its name only when complete: a run that died half way leaves no template behind.
      const unfinished = `${template}_unfinished`;
      await client.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
      await client.query(`CREATE DATABASE ${unfinished}`);
      await migrate(unfinished);
      await client.query(`ALTER DATABASE ${unfinished} RENAME TO ${template}`);
    }
  } finally {
    await client.end();
  }
  return template;
}

async function migrate(name: string): Promise<void> {
  const database = new Database(configOf(name));
  try {
    await migrateUp(database);
  } finally {
    await database.close();
  }
}

function digestOfMigrations(): string {
  const digest = createHash('sha256');
  for (const file of readdirSync(MIGRATIONS).sort()) digest.update(file).update(readFileSync(join(MIGRATIONS, file)));
  return digest.digest('hex').slice(0, 16);
}

function configOf(name: string): PostgresConfig {
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return Object.freeze({ url: url.href, poolSize: 5, queryTimeoutMs: 7000 });
}

function serverUrl(): string {
  const url = process.env['TEST_POSTGRES_URL'];
  if (url === undefined) throw new Error('TEST_POSTGRES_URL is missing: the global set-up of jest starts the server.');
  return url;
}
