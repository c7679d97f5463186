import 'reflect-metadata';
import { loadApiConfig } from '@app/config';
import { runProcess } from '@app/observability';
import { startApi } from './start-api';

void runProcess({
  app: 'api',
  load: loadApiConfig,
  start: (config, logger, onFatal) => startApi(config, logger, { onFatal }),
});
