import 'reflect-metadata';
import { loadStandaloneConfig } from '@app/config';
import { runProcess } from '@app/observability';
import { banner } from './banner';
import { refusal } from './refusal';
import { startStandalone } from './start-standalone';
import { terminalLogger } from './terminal-logger';

void runProcess({
  app: 'standalone',
  load: loadStandaloneConfig,
  logger: ({ logLevel }) => terminalLogger(logLevel),
  start: async (config, logger, onFatal) => {
    try {
      const running = await startStandalone(config, logger, { onFatal });
      console.log(banner(running));
      return running;
    } catch (error) {
      const sentence = refusal(error);
      if (sentence === undefined) throw error;
      console.error(sentence);
      process.exit(1);
    }
  },
});
