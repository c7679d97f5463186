import { loadDatabaseConfig, readEnvironment } from '@app/config';
import { Database, migrateDown, resetSchema } from '@app/persistence';

const USAGE = 'Usage: migrate down [steps] | reset <name of the database>';

/**
 * `down [steps]` or `reset <name>`, on the database of DATABASE_URL; up is `millrace migrate`.
 *
 * @returns what to tell the operator.
 */
async function migrate(database: Database, [command = '', argument]: readonly string[]): Promise<string> {
  switch (command) {
    case 'down': {
      const steps = argument ?? '1';
      if (!/^[1-9]\d{0,3}$/.test(steps)) throw new Error(USAGE);
      return list(await migrateDown(database, Number(steps)));
    }
    case 'reset':
      return reset(database, argument);
    default:
      throw new Error(USAGE);
  }
}

/** Nobody empties a database by a shell that still has another DATABASE_URL: its name has to be said. */
async function reset(database: Database, confirmed: string | undefined): Promise<string> {
  const { hostname, pathname } = new URL(database.config.url);
  const name = decodeURIComponent(pathname.slice(1));
  if (confirmed !== name) {
    throw new Error(
      `This removes every event, key and dead letter of the database "${name}" on ${hostname}, for ever. ` +
        `To do that: npm run migration:reset -- ${name}`,
    );
  }
  await resetSchema(database);
  return `The database "${name}" on ${hostname} was emptied and has the current schema.`;
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'Nothing to do.' : `Took back:\n${names.map((name) => `  ${name}`).join('\n')}`;
}

async function main(): Promise<void> {
  const database = new Database(loadDatabaseConfig(readEnvironment()));
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
