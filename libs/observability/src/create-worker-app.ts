import type { AddressInfo, Server } from 'node:net';
import type { DynamicModule, INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Logger } from 'pino';
import { FrameworkLogger } from './framework-logger';

/**
 * The application of a process that takes no requests but those for its health. Resolves once its health server listens.
 *
 * @param healthPort undefined when another application of the process tells its health: then none listens.
 */
export async function createWorkerApp(
  module: DynamicModule,
  healthPort: number | undefined,
  logger: Logger,
): Promise<INestApplication> {
  const app = await NestFactory.create(module, { bufferLogs: true, abortOnError: false });
  app.useLogger(app.get(FrameworkLogger));
  if (healthPort === undefined) {
    await app.init();
  } else {
    await app.listen(healthPort);
    const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
    logger.info({ port }, 'The health server listens.');
  }
  return app;
}
