import { loadDatabaseConfig, readEnvironment } from '@app/config';
import { PipelineError } from '@app/events';
import { Database, requireCurrentSchema } from '@app/persistence';
import type { Command } from 'commander';
import { CannotRunError } from '../../cannot-run.error';
import { toStdout } from '../../log-line';
import { checkRollups } from './check-rollups';

/** Everything agrees, or something does not. */
const HEALTHY = 0;
const ILL = 1;

async function examine(): Promise<number> {
  const database = new Database(loadDatabaseConfig(readEnvironment()));
  try {
    await requireCurrentSchema(database);
    const { healthy, lines } = await checkRollups(database);
    for (const line of lines) toStdout(line);
    return healthy ? HEALTHY : ILL;
  } catch (error) {
    if (error instanceof PipelineError) throw new CannotRunError(error.message, { cause: error });
    throw error;
  } finally {
    await database.close();
  }
}

/** Adds `millrace doctor`. `exit` is told the code that the process has to end with. */
export function addDoctorCommand(program: Command, exit: (code: number) => void): void {
  program
    .command('doctor')
    .description('count the statistics anew from the events of DATABASE_URL and tell what differs; changes nothing')
    .action(async () => {
      exit(await examine());
    });
}
