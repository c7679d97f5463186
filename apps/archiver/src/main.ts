import 'reflect-metadata';
import { setPriority } from 'node:os';
import { loadArchiverConfig } from '@app/config';
import { runProcess } from '@app/observability';
import { startArchiver } from './start-archiver';

/** Below the default of 0. Threads have that of who starts them, so before there are any: DuckDB's work is done on them. */
const NICENESS = 10;

setPriority(NICENESS);
void runProcess({
  app: 'archiver',
  load: loadArchiverConfig,
  start: (config, logger, onFatal) => startArchiver(config, logger, { onFatal }),
});
