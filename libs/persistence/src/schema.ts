import { PipelineError } from '@app/events';
import { setTimeout as delay } from 'node:timers/promises';
import { MigrationExecutor, type DataSource } from 'typeorm';
import { migrations } from '../../../migrations';
import { createDataSource } from './data-source';
import type { Database } from './database';
import { StoreUnavailableError, translateDatabaseError } from './store-error';

/** Any number, but the same in every version: who migrates waits for who migrates. */
const MIGRATION_LOCK = 7_106_925_114;

/** The schema is older than this program. */
export class SchemaOutdatedError extends PipelineError {
  readonly code = 'SCHEMA_OUTDATED';
  readonly retriable = false;

  constructor(readonly missing: readonly string[]) {
    super(
      `The database lacks ${missing.length} migration(s) (${missing.join(', ')}). ` +
        'Run "npm run migration:up" (or "millrace migrate") first.',
    );
  }
}

/** Applies all that is pending, in one transaction. Any number of processes may do so at once. @returns what it applied. */
export async function migrateUp(database: Database): Promise<string[]> {
  return locked(database, async (executor) => {
    const applied = await executor.executePendingMigrations();
    return applied.map(({ name }) => name);
  });
}

/** Takes back the newest `steps` migrations, in one transaction, and the data in their tables. @returns what it took back. */
export async function migrateDown(database: Database, steps: number): Promise<string[]> {
  return locked(database, async (executor) => {
    const undone: string[] = [];
    while (undone.length < steps) {
      const [newest] = await executor.getExecutedMigrations();
      if (newest === undefined) break;
      await executor.undoLastMigration();
      undone.push(newest.name);
    }
    return undone;
  });
}

/** Everything down and up again: an empty database of the current schema. */
export async function resetSchema(database: Database): Promise<void> {
  await migrateDown(database, Infinity);
  await migrateUp(database);
}

/** Migrations that the program knows and the database lacks, oldest first. */
export async function pendingMigrations(database: Database): Promise<string[]> {
  const known = migrations.map((Migration) => new Migration().name);
  const [table] = await database.query<{ exists: boolean }>(`SELECT to_regclass('migrations') IS NOT NULL AS exists`);
  if (table?.exists !== true) return known;
  const rows = await database.query<{ name: string }>('SELECT name FROM migrations');
  const applied = new Set(rows.map(({ name }) => name));
  return known.filter((name) => !applied.has(name));
}

/**
 * Every process asks this when it starts. A schema that is newer than the program is fine: the next release is on its
 * way, and its migrations only add.
 *
 * @throws {SchemaOutdatedError} naming the command to run.
 */
export async function requireCurrentSchema(database: Database): Promise<void> {
  const missing = await pendingMigrations(database);
  if (missing.length > 0) throw new SchemaOutdatedError(missing);
}

/**
 * `requireCurrentSchema`, asked again every second while PostgreSQL is away.
 *
 * @throws {SchemaOutdatedError} as soon as PostgreSQL answers.
 * @throws {Error} named AbortError when `signal` says so.
 */
export async function waitForCurrentSchema(database: Database, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    try {
      await requireCurrentSchema(database);
      return;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
    }
    await delay(1000, undefined, { signal });
  }
}

/** Runs on a connection without time limits. The lock is the transaction's, so no crash leaves it behind. */
async function locked<T>(database: Database, work: (executor: MigrationExecutor) => Promise<T>): Promise<T> {
  let source: DataSource | undefined;
  try {
    source = await createDataSource(database.config, 'maintenance').initialize();
    const runner = source.createQueryRunner();
    await runner.startTransaction();
    await runner.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    const result = await work(new MigrationExecutor(source, runner));
    await runner.commitTransaction();
    return result;
  } catch (error) {
    throw translateDatabaseError(error);
  } finally {
    await source?.destroy();
  }
}
