import 'reflect-metadata';
import { loadConsumerConfig } from '@app/config';
import { runProcess } from '@app/observability';
import { startConsumer } from './start-consumer';

void runProcess({
  app: 'consumer',
  load: loadConsumerConfig,
  start: (config, logger, onFatal) => startConsumer(config, logger, { onFatal }),
});
