import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import type { ApiConfig } from '@app/config';
import { FrameworkLogger } from '@app/observability';
import { Database, waitForCurrentSchema } from '@app/persistence';
import { ApiModule, type ApiHooks } from './api.module';
import { GRAPHQL_PATH, GraphqlSockets } from './graphql/socket/graphql-sockets';
import { Readiness } from './health/readiness';
import { EventsRoute } from './ingest/events-route';
import { GrpcServer } from './ingest/grpc/grpc-server';
import { NATIVE_PATH } from './ingest/rest/native-door';
import { SegmentDoor } from './ingest/segment/segment-door';
import { SEGMENT_ROUTES } from './ingest/segment/segment-types';
import { OpenApiDocument } from './openapi/open-api-document';
import { HttpServerAdapter } from './transport/http-server';
import { AccessLog } from './transport/requests/access-log';
import { RequestMeter } from './transport/requests/request-meter';

/** A running API. */
export interface RunningApi {
  /** Where it listens, as `http://127.0.0.1:port`. */
  readonly url: string;
  /** Where gRPC listens, as `127.0.0.1:port`. */
  readonly grpc: string;
  readonly app: NestExpressApplication;
  /** Stops taking requests, finishes those that run, flushes the log, disconnects. May be called twice. */
  close(): Promise<void>;
}

/** Between the last answer of the log and the end of the calls that have waited for it. */
const GRPC_GRACE_MS = 1000;

/** @returns the port of gRPC. When one of the two cannot listen, neither does. */
async function listen(app: NestExpressApplication, grpc: GrpcServer, config: ApiConfig): Promise<number> {
  try {
    await app.listen(config.port);
    return await grpc.listen(config.grpcPort);
  } catch (error) {
    await grpc.close(0);
    await app.close();
    throw error;
  }
}

/** What does not go by Express. */
function useOwnRoutes(app: NestExpressApplication, adapter: HttpServerAdapter): void {
  const route = app.get(EventsRoute);
  adapter.useFastRoute(NATIVE_PATH, (request, response) => route.take(request, response));
  const segment = app.get(SegmentDoor);
  for (const [path, route] of SEGMENT_ROUTES) {
    adapter.useFastRoute(path, (request, response) =>
      request.method === 'POST' ? segment.post(route, request, response) : undefined,
    );
  }
  const sockets = app.get(GraphqlSockets);
  adapter.useUpgrade(GRAPHQL_PATH, (upgrade) => {
    sockets.take(upgrade);
  });
}

/**
 * Starts the API. Resolves once it listens; PostgreSQL and the log may still be away, events are taken as soon as the
 * log answers, and `/readyz` says 503 until the schema was found current.
 */
export async function startApi(config: ApiConfig, logger: Logger, hooks: ApiHooks): Promise<RunningApi> {
  const adapter = new HttpServerAdapter();
  const app = await NestFactory.create<NestExpressApplication>(ApiModule.with(config, logger, hooks), adapter, {
    bodyParser: false,
    bufferLogs: true,
    abortOnError: false,
  });
  app.useLogger(app.get(FrameworkLogger));
  app.disable('x-powered-by');
  app.set('etag', false);
  useOwnRoutes(app, adapter);
  const meter = app.get(RequestMeter);
  const accessLog = app.get(AccessLog);
  adapter.onAnswered((answered) => {
    meter.count(answered);
    accessLog.write(answered);
  });
  app.get(OpenApiDocument).madeBy(async () => (await import('./openapi/build-document.js')).buildDocument(app));
  const grpc = app.get(GrpcServer);
  const grpcPort = await listen(app, grpc, config);

  const stopping = new AbortController();
  const readiness = app.get(Readiness);
  waitForCurrentSchema(app.get(Database), stopping.signal)
    .then(() => (readiness.ready = true))
    .catch((error: unknown) => {
      if (!stopping.signal.aborted) hooks.onFatal(error);
    });

  const { port } = app.getHttpServer().address() as AddressInfo;
  logger.info({ port, grpc_port: grpcPort, log: config.log.kind }, 'The API listens.');
  const close = async (): Promise<void> => {
    const wasReady = readiness.ready;
    readiness.ready = false;
    stopping.abort();
    grpc.announceStop();
    // A load balancer needs a moment to notice; until then requests are served as ever.
    if (wasReady) await delay(config.drainDelayMs);
    // What runs waits for the log at most; the log's connections go with the app.
    await grpc.close(config.publish.timeoutMs + GRPC_GRACE_MS);
    await app.close();
  };
  let closing: Promise<void> | undefined;
  return { url: `http://127.0.0.1:${port}`, grpc: `127.0.0.1:${grpcPort}`, app, close: () => (closing ??= close()) };
}
