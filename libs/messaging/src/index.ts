export { ensureLog } from './ensure-log';
export { EventConsumer, type BatchHandler, type ConsumerStatus, type HeldPartition } from './event-consumer.port';
export {
  EventPublisher,
  PublishUnconfirmedError,
  RecordsRefusedError,
  type PublisherStatus,
} from './event-publisher.port';
export { projectOf, type EventRecord, type Origin } from './event-record.mapping';
export {
  EventTail,
  type LogBounds,
  type LogPosition,
  type PartitionBounds,
  type TailBatch,
  type TailReader,
} from './event-tail.port';
export { headerText, type LogRecord, type PartitionBatch, type RecordHeaders } from './log-record';
export { LogProbe, type Backlog, type PartitionBacklog } from './log-probe.port';
export { MessagingModule } from './messaging.module';
export { openLogProbe } from './open-log-probe';
export { readRefusal, toRefusedRecord, type Refusal, type RefusedValue } from './refused-record.mapping';
