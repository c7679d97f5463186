import { loadMigrateConfig, readEnvironment } from '@app/config';
import { ensureLog } from '@app/messaging';
import { createLogger } from '@app/observability';
import { ApiKeys, Database, ensureFirstKey, migrateUp, mintFirstKey } from '@app/persistence';
import type { Command } from 'commander';

/** Brings schema, topic and first key up to what this version needs; what is there already stays as it is. */
async function migrate(): Promise<void> {
  const config = loadMigrateConfig(readEnvironment());
  const logger = createLogger({ level: 'warn', app: 'migrate' });
  const database = new Database(config.postgres);
  try {
    const applied = await migrateUp(database);
    console.log(applied.length > 0 ? `Migrations applied: ${applied.join(', ')}` : 'The schema is current.');
    await ensureLog(config.log, database, logger);
    console.log(`The topic is there (${config.log.kind}).`);
    const keys = new ApiKeys(database);
    const { bootstrapKeyFile, keyPepper } = config;
    if (bootstrapKeyFile !== undefined) {
      await ensureFirstKey(keys, bootstrapKeyFile, keyPepper);
      console.log(`The key in ${bootstrapKeyFile} is known.`);
      return;
    }
    const key = await mintFirstKey(keys, keyPepper);
    if (key !== undefined) console.log(`The first API key, shown this once: ${key}`);
  } finally {
    await database.close();
  }
}

export function addMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('Apply migrations to DATABASE_URL, make the topic, and the first API key when there is none.')
    .action(migrate);
}
