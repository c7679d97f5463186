import { ColdTier } from '@app/archive';
import { loadDoctorConfig, readEnvironment, type DoctorConfig } from '@app/config';
import { PipelineError } from '@app/events';
import { Database, requireCurrentSchema } from '@app/persistence';
import type { Command } from 'commander';
import { CannotRunError } from '../../cannot-run.error';
import { toStdout } from '../../log-line';
import { checkArchive } from './check-archive';
import { checkLog } from './check-log';
import { checkPartitions } from './check-partitions';
import { checkPositions } from './check-positions';
import { checkRollups } from './check-rollups';
import type { Finding } from './finding';

/** Everything agrees, or something does not. */
const HEALTHY = 0;
const ILL = 1;

/** The quick ones first. */
async function* findings({ log }: DoctorConfig, database: Database, tier: ColdTier): AsyncGenerator<Finding> {
  await requireCurrentSchema(database);
  yield { healthy: true, lines: ['schema: current'] };
  yield await checkLog(log, database);
  yield await checkPositions(database);
  yield await checkPartitions(database);
  yield await checkArchive(database, tier);
  yield await checkRollups(database, tier.reads());
}

async function examine(): Promise<number> {
  const config = loadDoctorConfig(readEnvironment());
  const database = new Database(config.postgres);
  const tier = ColdTier.forMoving(config.cold);
  let code = HEALTHY;
  try {
    for await (const { healthy, lines } of findings(config, database, tier)) {
      for (const line of lines) toStdout(line);
      if (!healthy) code = ILL;
    }
    return code;
  } catch (error) {
    if (error instanceof PipelineError) throw new CannotRunError(error.message, { cause: error });
    throw error;
  } finally {
    await tier.close();
    await database.close();
  }
}

/** Adds `millrace doctor`. `exit` is told the code that the process has to end with. */
export function addDoctorCommand(program: Command, exit: (code: number) => void): void {
  program
    .command('doctor')
    .description(
      'look at schema, log, positions, partitions, files of old events, and count the statistics anew; changes nothing',
    )
    .action(async () => {
      exit(await examine());
    });
}
