export { ensureLog } from './ensure-log';
export { EventConsumer, type BatchHandler, type ConsumerStatus, type HeldPartition } from './event-consumer.port';
export { EventPublisher, PublishUnconfirmedError, type PublisherStatus } from './event-publisher.port';
export { headerText, type LogRecord, type PartitionBatch, type RecordHeaders } from './log-record';
export { LogProbe, type Backlog, type PartitionBacklog } from './log-probe.port';
export { MessagingModule } from './messaging.module';
