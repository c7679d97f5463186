import { setTimeout as delay } from 'node:timers/promises';
import { loadMigrateConfig, readEnvironment, type MigrateConfig } from '@app/config';
import { ensureLog } from '@app/messaging';
import { createLogger } from '@app/observability';
import { ApiKeys, Database, ensureFirstKey, migrateUp, mintFirstKey } from '@app/persistence';
import { InvalidArgumentError, type Command } from 'commander';
import { passesByItself } from './passes-by-itself';

const RETRY_MS = 1000;

/** Brings schema, topic and first key up to what this version needs; what is there already stays as it is. */
async function migrateOnce(config: MigrateConfig): Promise<void> {
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

/** Waits up to `wait` seconds for what is away: where all start at once, database and brokers come late. */
async function migrate({ wait }: { readonly wait: number }): Promise<void> {
  const config = loadMigrateConfig(readEnvironment());
  const deadline = Date.now() + wait * 1000;
  let said = '';
  for (;;) {
    try {
      await migrateOnce(config);
      return;
    } catch (error) {
      if (Date.now() >= deadline || !passesByItself(error)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== said) console.log(`Not yet: ${reason}`);
      said = reason;
    }
    await delay(RETRY_MS);
  }
}

function seconds(value: string): number {
  const number = Number(value);
  if (!Number.isFinite(number) || number < 0) throw new InvalidArgumentError('It must be a number of seconds.');
  return number;
}

export function addMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('Apply migrations to DATABASE_URL, make the topic, and the first API key when there is none.')
    .option('--wait <seconds>', 'how long to try again while database or brokers are not there yet', seconds, 0)
    .action(migrate);
}
