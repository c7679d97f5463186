import { loadMigrateConfig, readEnvironment } from '@app/config';
import { Database, migrateDown, resetSchema } from '@app/persistence';

const USAGE = 'Usage: migrate down [steps] | reset';

/** `down [steps]` or `reset`, on the database of DATABASE_URL; up is `millrace migrate`. @returns what to tell the operator. */
async function migrate(database: Database, [command = '', argument = '1']: readonly string[]): Promise<string> {
  switch (command) {
    case 'down':
      if (!/^[1-9]\d{0,3}$/.test(argument)) throw new Error(USAGE);
      return list(await migrateDown(database, Number(argument)));
    case 'reset':
      await resetSchema(database);
      return 'The database is empty and of the current schema.';
    default:
      throw new Error(USAGE);
  }
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'Nothing to do.' : `Took back:\n${names.map((name) => `  ${name}`).join('\n')}`;
}

async function main(): Promise<void> {
  const database = new Database(loadMigrateConfig(readEnvironment()).postgres);
  try {
    process.stdout.write(`${await migrate(database, process.argv.slice(2))}\n`);
  } finally {
    await database.close();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
