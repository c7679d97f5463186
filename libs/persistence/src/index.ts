export { hashApiKeySecret, mintApiKey, readApiKey, type ApiKeyParts } from './api-key';
export {
  ApiKeys,
  type ApiKeyPlace,
  type ListedApiKey,
  type NewApiKey,
  type Revocation,
  type Scope,
  type StoredApiKey,
} from './api-keys';
export { ColdEvents, type ArchivedTimes, type ColdCount, type ColdUserDay, type TakeRows } from './cold-events.port';
export {
  removableSegments,
  replaceSegments,
  segmentRecords,
  stampSuperseded,
  strikeSuperseded,
  supersededSegments,
  type SegmentRecord,
} from './cold-rewrites';
export { ArchiveState, type ArchiveFigures } from './archive-state';
export { ColdFileGoneError, ColdUnavailableError } from './cold-events.error';
export { ColdSegments, type EventKeys, type SegmentContent, type WrittenSegment } from './cold-segments';
export { committedSegments, type CommittedSegment } from './committed-segments';
export { ConsumerPositions, unaccountedOf, type StoredPosition } from './consumer-positions';
export { maintenanceDataSource } from './data-source';
export { Database, type Queryable, type Transaction } from './database';
export { DeadLetterChanges } from './dead-letter-changes';
export type { DeadLetterFilter, LetterRange } from './dead-letter-filter';
export { DeadLetters, type DeadLetterSummary, type StoredDeadLetter } from './dead-letters';
export { DeadLetterPlace } from './erasure/dead-letters.place';
export { eraseEvents, type GoneEvent } from './erasure/erase-events';
export { Eraser, type EraserStep } from './erasure/eraser';
export { ExpiredDays } from './erasure/expired-days.place';
export { HotEvents } from './erasure/hot-events.place';
export { NotReadYetError, UserPlace, type ErasedUser, type ErasureWork, type Left } from './erasure/user-place.port';
export { Erasures, type ErasureStatus, type StoredErasure } from './erasure/erasures';
export { TooManyErasuresError } from './erasure/too-many-erasures.error';
export { ensureFirstKey, mintFirstKey } from './first-key';
export { EventPartitions, type PartitionsEnsured } from './event-partitions';
export type { EventFilter, EventPlace } from './event-filter';
export type { EventPage, PageBounds } from './event-list';
export { EventReader } from './event-reader';
export { TieredEventReader } from './tiered-event-reader';
export { raiseEventsFrom, retentionCutoffs, type RetentionCutoff } from './event-retention';
export { EventStore } from './event-store';
export { EventTraces, type EventTrace } from './event-traces';
export type { StoredEvent } from './event.mapping';
export type { InsertBatch, InsertResult, NewDeadLetter, RecordOutcome, Replay } from './insert-batch';
export { BatchTooLargeError } from './batch-too-large.error';
export { LongSession } from './long-session';
export { manifestFiles, type ManifestFile } from './manifest-files';
export { LogRecreatedError } from './log-recreated.error';
export { HotMinutes } from './rollups/hot-minutes';
export { recountRollups, type RecountedTable, type RollupDifference } from './rollups/recount';
export { DEFAULT_PROJECT, Projects, type ListedProject, type StoredProject } from './projects';
export { Tickets, type TicketOwner } from './tickets';
export { PersistenceModule } from './persistence.module';
export { migrateDown, migrateUp, requireCurrentSchema, resetSchema, waitForCurrentSchema } from './schema';
export { StoreRefusedError, StoreUnavailableError } from './store-error';
export { WaitedOutcomes, type WaitedEvent, type WaitedOutcome } from './waited-outcomes';
