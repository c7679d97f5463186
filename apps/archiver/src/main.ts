import 'reflect-metadata';
import { loadArchiverConfig } from '@app/config';
import { runProcess } from '@app/observability';
import { startArchiver } from './start-archiver';

void runProcess({
  app: 'archiver',
  load: loadArchiverConfig,
  start: (config, logger, onFatal) => startArchiver(config, logger, { onFatal }),
});
