import type { LogConfig, PublishConfig } from '@app/config';
import { Database } from '@app/persistence';
import { Module, Optional, type DynamicModule, type FactoryProvider, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { EventConsumer } from './event-consumer.port';
import { EventPublisher } from './event-publisher.port';
import { EventTail } from './event-tail.port';
import { KafkaEventConsumer } from './kafka/kafka-event-consumer';
import { KafkaEventPublisher } from './kafka/kafka-event-publisher';
import { KafkaEventTail } from './kafka/kafka-event-tail';
import { LogProbe } from './log-probe.port';
import { openLogProbe } from './open-log-probe';
import { PostgresEventConsumer } from './postgres/postgres-event-consumer';
import { PostgresEventPublisher } from './postgres/postgres-event-publisher';
import { PostgresEventTail } from './postgres/postgres-event-tail';

function publisher(log: LogConfig, publish: PublishConfig, database: Database, { logger }: PinoLogger): EventPublisher {
  if (log.kind === 'postgres') return new PostgresEventPublisher(database, { topic: log.topic, publish }, logger);
  const kafka = new KafkaEventPublisher(log.kafka, publish, logger);
  kafka.start();
  return kafka;
}

export interface ConsumingOptions {
  /** Records of one handler call at most. */
  readonly batchMaxEvents: number;
  /** Called at most once: the log's client is broken beyond repair, the process should end. */
  readonly onFatal: (error: unknown) => void;
}

function consumer(
  log: LogConfig,
  options: ConsumingOptions,
  database: Database,
  { logger }: PinoLogger,
): EventConsumer {
  if (log.kind === 'kafka') return new KafkaEventConsumer(log.kafka, options, logger);
  const { topic, group } = log;
  return new PostgresEventConsumer(database, { topic, group, batchMaxEvents: options.batchMaxEvents }, logger);
}

function probe(log: LogConfig): FactoryProvider<LogProbe> {
  const useFactory = (database: Database, { logger }: PinoLogger): LogProbe => openLogProbe(log, database, logger);
  return { provide: LogProbe, useFactory, inject: [Database, PinoLogger] };
}

function tail(log: LogConfig): FactoryProvider<EventTail> {
  const useFactory = (database: Database, { logger }: PinoLogger): EventTail =>
    log.kind === 'kafka' ? new KafkaEventTail(log.kafka, logger) : new PostgresEventTail(database, log.topic, logger);
  return { provide: EventTail, useFactory, inject: [Database, PinoLogger] };
}

/** Binds the ports of the log to Kafka or to the embedded log. The latter needs `PersistenceModule` in the app. */
@Module({})
export class MessagingModule implements OnApplicationShutdown {
  constructor(
    @Optional() private readonly publisher?: EventPublisher,
    @Optional() private readonly consumer?: EventConsumer,
    @Optional() private readonly logProbe?: LogProbe,
    @Optional() private readonly tail?: EventTail,
  ) {}

  /** What an API needs: to publish, and to show what was published. */
  static forPublishing(log: LogConfig, publish: PublishConfig): DynamicModule {
    const useFactory = (database: Database, logger: PinoLogger): EventPublisher =>
      publisher(log, publish, database, logger);
    return {
      module: MessagingModule,
      providers: [{ provide: EventPublisher, useFactory, inject: [Database, PinoLogger] }, probe(log), tail(log)],
      exports: [EventPublisher, LogProbe, EventTail],
    };
  }

  static forConsuming(log: LogConfig, options: ConsumingOptions): DynamicModule {
    const useFactory = (database: Database, logger: PinoLogger): EventConsumer =>
      consumer(log, options, database, logger);
    return {
      module: MessagingModule,
      providers: [{ provide: EventConsumer, useFactory, inject: [Database, PinoLogger] }, probe(log)],
      exports: [EventConsumer, LogProbe],
    };
  }

  /** After the HTTP server has closed, so that no request is left without its confirmation. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.publisher?.close(), this.consumer?.stop(), this.logProbe?.close(), this.tail?.close()]);
  }
}
