import 'reflect-metadata';
import { loadApiConfig, readEnvironment } from '@app/config';
import { createLogger, runProcess } from '@app/observability';
import { startApi } from './start-api';

const config = loadApiConfig(readEnvironment());
const logger = createLogger({ level: config.logLevel, app: 'api' });
void runProcess({ logger, drainTimeoutMs: config.drainTimeoutMs }, (onFatal) => startApi(config, logger, { onFatal }));
