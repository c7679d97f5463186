import { Module, type DynamicModule } from '@nestjs/common';
import type { ConsumerConfig } from '@app/config';
import { MessagingModule } from '@app/messaging';
import { LoggingModule } from '@app/observability';
import { PersistenceModule } from '@app/persistence';
import type { Logger } from 'pino';
import { HealthController } from './health.controller';
import { PartitionKeeper } from './partition-keeper';
import { PersistEventsHandler } from './persist-events.handler';

export interface ConsumerHooks {
  /** The process cannot go on: the schema is older than the program, or the log's client has given up for good. */
  readonly onFatal: (error: unknown) => void;
}

/** One member of the consumer group: what it is made of. */
@Module({})
export class ConsumerModule {
  static with(config: ConsumerConfig, logger: Logger, hooks: ConsumerHooks): DynamicModule {
    const { batchMaxEvents } = config;
    return {
      module: ConsumerModule,
      imports: [
        LoggingModule.with(logger),
        PersistenceModule.with(config.postgres),
        MessagingModule.forConsuming(config.log, { batchMaxEvents, onFatal: hooks.onFatal }),
      ],
      controllers: [HealthController],
      providers: [PersistEventsHandler, PartitionKeeper],
    };
  }
}
