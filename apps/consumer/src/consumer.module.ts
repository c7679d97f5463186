import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import type { ConsumerConfig } from '@app/config';
import { EventConsumer, MessagingModule } from '@app/messaging';
import { LoggingModule, Vitals, VitalsModule } from '@app/observability';
import { PersistenceModule } from '@app/persistence';
import type { Logger } from 'pino';
import { ConsumerDependencies } from './health/consumer-dependencies';
import { ConsumerHealth } from './health/consumer-health';
import { GroupBacklog } from './health/group-backlog';
import { GroupMetrics } from './health/group-metrics';
import { ProgressKeeper } from './health/progress-keeper';
import { ReadinessController } from './health/readiness.controller';
import { PartitionKeeper } from './partition-keeper';
import { PersistEventsHandler } from './persist-events.handler';
import { PersistMeter } from './persist-meter';

export interface ConsumerHooks {
  /** The process cannot go on: the schema is older than the program, or the log's client has given up for good. */
  readonly onFatal: (error: unknown) => void;
  /** Of the process that this consumer is a part of; its own when left out. */
  readonly vitals?: Vitals;
}

/** Looks at whether the member makes progress. */
function progressKeeper(limitMs: number): FactoryProvider<ProgressKeeper> {
  return {
    provide: ProgressKeeper,
    useFactory: (
      consumer: EventConsumer,
      backlog: GroupBacklog,
      dependencies: ConsumerDependencies,
      handler: PersistEventsHandler,
    ) => new ProgressKeeper({ consumer, backlog, dependencies, handler }, limitMs),
    inject: [EventConsumer, GroupBacklog, ConsumerDependencies, PersistEventsHandler],
  };
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
        VitalsModule.with(hooks.vitals ?? new Vitals('consumer'), config.metricsKey),
        PersistenceModule.with(config.postgres),
        MessagingModule.forConsuming(config.log, { batchMaxEvents, onFatal: hooks.onFatal }),
      ],
      controllers: [ReadinessController],
      providers: [
        PersistEventsHandler,
        PersistMeter,
        PartitionKeeper,
        ConsumerDependencies,
        GroupBacklog,
        GroupMetrics,
        progressKeeper(config.progressTimeoutMs),
        ConsumerHealth,
      ],
    };
  }
}
