import { boundaryOf, ColdTier } from '@app/archive';
import { loadArchiveConfig, readEnvironment } from '@app/config';
import { PipelineError } from '@app/events';
import { Database, requireCurrentSchema } from '@app/persistence';
import type { Command } from 'commander';
import { CannotRunError } from '../../cannot-run.error';
import { logLine, toStdout } from '../../log-line';

/** All that is old is in files, or another archiver is moving it. */
const MOVED = 0;
const BUSY = 1;

const HELP = `
Exit code: 0 what is old is moved, 1 another archiver is at work and does it, 2 could not run, or not to the end: what it
says it has moved is moved, and everything else is where it was.`;

async function archive(): Promise<number> {
  const config = loadArchiveConfig(readEnvironment());
  const database = new Database(config.postgres);
  const tier = ColdTier.forMoving(config.cold);
  const boundary = boundaryOf(config, new Date());
  const moved = { events: 0, segments: 0 };
  const onMoved = (rows: number): void => {
    moved.events += rows;
    moved.segments += 1;
    toStdout(logLine('archive_segment_done', { rows, total_events: moved.events }));
  };
  try {
    await requireCurrentSchema(database);
    const place = config.cold.kind === 's3' ? { bucket: config.cold.bucket } : { folder: config.cold.dir };
    toStdout(logLine('archive_start', { boundary: boundary.toISOString(), ...place }));
    const { ran } = await tier.archiver(config.postgres).run({ boundary, onMoved });
    if (ran) toStdout(logLine('archive_complete', moved));
    else toStdout(logLine('archive_busy', { reason: 'another archiver is at work' }));
    return ran ? MOVED : BUSY;
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
    throw new CannotRunError(`${error.message}${cause}`, { cause: error });
  } finally {
    await tier.close();
    await database.close();
  }
}

/** Adds `millrace archive`. `exit` is told the code that the process has to end with. */
export function addArchiveCommand(program: Command, exit: (code: number) => void): void {
  program
    .command('archive')
    .description('move old events of DATABASE_URL into the files of MILLRACE_COLD_DIR, as the archiver does')
    .addHelpText('after', HELP)
    .requiredOption('--once', 'one run; the archiver is what goes on')
    .action(async () => {
      exit(await archive());
    });
}
