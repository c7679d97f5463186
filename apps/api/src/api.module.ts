import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import type { ApiConfig } from '@app/config';
import { MessagingModule } from '@app/messaging';
import { LoggingModule } from '@app/observability';
import { ApiKeys, PersistenceModule } from '@app/persistence';
import type { Logger } from 'pino';
import { HealthController } from './health/health.controller';
import { Readiness } from './health/readiness';
import { IngestService } from './ingest/ingest.service';
import { EventsIngestController } from './ingest/rest/events-ingest.controller';
import { NativeDoor } from './ingest/rest/native-door';
import { EventsQueryController } from './query/events-query.controller';
import { ApiKeyGuard } from './transport/auth/api-key.guard';
import { KeyRing } from './transport/auth/key-ring';
import { BodyBudget } from './transport/body-budget';
import { ProblemFilter } from './transport/problem.filter';
import { strictValidation } from './transport/validation.pipe';

/** The API process: what it is made of. */
@Module({})
export class ApiModule {
  static with(config: ApiConfig, logger: Logger): DynamicModule {
    return {
      module: ApiModule,
      imports: [
        LoggingModule.with(logger),
        PersistenceModule.with(config.postgres),
        MessagingModule.forPublishing(config.log, config.publish),
      ],
      controllers: [EventsIngestController, EventsQueryController, HealthController],
      providers: [
        IngestService,
        NativeDoor,
        Readiness,
        { provide: KeyRing, useFactory: (keys: ApiKeys) => new KeyRing(keys, config.keyPepper), inject: [ApiKeys] },
        { provide: BodyBudget, useFactory: () => new BodyBudget(config.requestBodyBytes) },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_GUARD, useClass: ApiKeyGuard },
        { provide: APP_PIPE, useFactory: strictValidation },
      ],
    };
  }
}
