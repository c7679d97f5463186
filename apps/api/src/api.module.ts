import { Module, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { Statistics } from '@app/analytics';
import { ArchiveModule } from '@app/archive';
import type { ApiConfig } from '@app/config';
import { MessagingModule } from '@app/messaging';
import { LoggingModule, Vitals, VitalsModule } from '@app/observability';
import { ColdEvents, Database, EventReader, EventTraces, PersistenceModule, TieredEventReader } from '@app/persistence';
import type { Logger } from 'pino';
import { deadLetterControllers, deadLetterProviders } from './admin/dead-letters/dead-letter-providers';
import { ErasuresController } from './admin/erasures/erasures.controller';
import { keyControllers, keyProviders } from './admin/key-providers';
import { graphqlControllers, graphqlProviders } from './graphql/graphql.providers';
import { ApiDependencies } from './health/api-dependencies';
import { ApiHealth } from './health/api-health';
import { Readiness } from './health/readiness';
import { ReadinessController } from './health/readiness.controller';
import { Admission } from './ingest/admission';
import { CloudEventsDoor } from './ingest/cloudevents/cloud-events-door';
import { WebHook } from './ingest/cloudevents/web-hook';
import { EventsRoute } from './ingest/events-route';
import { grpcProviders } from './ingest/grpc/grpc-providers';
import { IngestMetrics } from './ingest/ingest-metrics';
import { IngestService } from './ingest/ingest.service';
import { EventsIngestController } from './ingest/rest/events-ingest.controller';
import { IngestExchange } from './ingest/rest/ingest-exchange';
import { NATIVE_PATH, NativeDoor } from './ingest/rest/native-door';
import { SegmentDoor } from './ingest/segment/segment-door';
import { SEGMENT_ROUTES } from './ingest/segment/segment-types';
import { SegmentIntake } from './ingest/segment/segment-intake';
import { SegmentSettingsController } from './ingest/segment/segment-settings.controller';
import { SegmentController } from './ingest/segment/segment.controller';
import { waitingProviders } from './ingest/waiting/waiting.providers';
import { liveControllers, liveProviders } from './live/live.providers';
import { OpenApiDocument } from './openapi/open-api-document';
import { OpenApiController } from './openapi/open-api.controller';
import { SwaggerUi } from './openapi/swagger-ui';
import { EventTraceController, TopicName } from './query/event-trace.controller';
import { EventsQueryController } from './query/events-query.controller';
import { StatisticsController } from './query/statistics/statistics.controller';
import { EventExport } from './query/export/event-export';
import { EventsExportController } from './query/export/events-export.controller';
import { ApiKeyGuard } from './transport/auth/api-key.guard';
import { BodyBudget } from './transport/body-budget';
import { EventLimit } from './transport/limit/event-limit';
import { LimitVitals } from './transport/limit/limit-vitals';
import { openLimit } from './transport/limit/open-limit';
import { ProblemFilter } from './transport/problem.filter';
import { AccessLog } from './transport/requests/access-log';
import { RequestMeter } from './transport/requests/request-meter';
import { strictValidation } from './transport/validation.pipe';

export interface ApiHooks {
  /** The process cannot go on: the schema is older than the program. */
  readonly onFatal: (error: unknown) => void;
  /** Of the process that this API is a part of; its own when left out. */
  readonly vitals?: Vitals;
}

const CONTROLLERS: Type[] = [
  EventsIngestController,
  SegmentController,
  SegmentSettingsController,
  // In front of what takes any last part of the path for an id.
  ...liveControllers,
  EventsQueryController,
  EventsExportController,
  EventTraceController,
  StatisticsController,
  ReadinessController,
  ...deadLetterControllers,
  ...keyControllers,
  ...graphqlControllers,
  ErasuresController,
  OpenApiController,
];

/** Where events come in, by whatever door that speaks HTTP. */
const INGEST_ROUTES: ReadonlySet<string> = new Set([NATIVE_PATH, ...SEGMENT_ROUTES.keys(), '/v1/m']);

/** The API process: what it is made of. */
@Module({})
export class ApiModule {
  static with(config: ApiConfig, logger: Logger, hooks: ApiHooks): DynamicModule {
    const accessLog = new AccessLog(logger, { hotRoutes: INGEST_ROUTES, sample: config.accessLogSample });
    return {
      module: ApiModule,
      imports: [
        LoggingModule.with(logger),
        VitalsModule.with(hooks.vitals ?? new Vitals('api'), config.metricsKey),
        PersistenceModule.with(config.postgres),
        ArchiveModule.forReading(config.cold),
        MessagingModule.forPublishing(config.log, config.publish),
      ],
      controllers: CONTROLLERS,
      providers: [
        Admission,
        IngestService,
        IngestMetrics,
        RequestMeter,
        ApiDependencies,
        ApiHealth,
        { provide: AccessLog, useValue: accessLog },
        IngestExchange,
        ...waitingProviders,
        NativeDoor,
        SegmentDoor,
        SegmentIntake,
        CloudEventsDoor,
        EventsRoute,
        { provide: WebHook, useFactory: () => new WebHook(config.limit.eventsPerSecond) },
        { provide: TopicName, useValue: { value: topicOf(config.log) } },
        EventExport,
        OpenApiDocument,
        SwaggerUi,
        Readiness,
        ...deadLetterProviders,
        ...keyProviders(config),
        ...grpcProviders(config),
        ...readingProviders(config),
        { provide: EventLimit, useFactory: () => openLimit(config.limit, logger) },
        LimitVitals,
        { provide: BodyBudget, useFactory: () => new BodyBudget(config.requestBodyBytes) },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_GUARD, useClass: ApiKeyGuard },
        { provide: APP_PIPE, useFactory: strictValidation },
      ],
    };
  }
}

/** Stored events of both tiers, the numbers, following events, and GraphQL. */
function readingProviders(config: ApiConfig): Provider[] {
  const tiered = (provide: Type, Reader: new (database: Database, cold: ColdEvents) => unknown): Provider => ({
    provide,
    useFactory: (database: Database, cold: ColdEvents) => new Reader(database, cold),
    inject: [Database, ColdEvents],
  });
  const readers = [tiered(EventReader, TieredEventReader), tiered(EventTraces, EventTraces)];
  const statistics = {
    provide: Statistics,
    useFactory: (database: Database) => new Statistics(database),
    inject: [Database],
  };
  return [...readers, statistics, ...liveProviders(config), ...graphqlProviders(config)];
}

function topicOf(log: ApiConfig['log']): string {
  return log.kind === 'kafka' ? log.kafka.topic : log.topic;
}
