import { PipelineError, type Event } from '@app/events';
import type { EventRecord, Origin } from './event-record.mapping';

/** What a publisher is doing, for metrics. */
export interface PublisherStatus {
  /** Events that are taken and not confirmed yet, and their bytes. */
  readonly queuedEvents: number;
  readonly queuedBytes: number;
  /** True while every call is refused at once, because the log did not confirm. */
  readonly refusing: boolean;
}

/** Puts accepted events on the log. */
export abstract class EventPublisher {
  /**
   * Resolves once every in-sync replica has all of the events (Kafka: acks=all; embedded log: committed). Calls made
   * while another one is on its way travel together in the next request. Events of one key that are published one
   * after another are stored in that order.
   *
   * @param origin travels in each record's headers: the request's id into the consumer's log lines.
   * @throws {PublishUnconfirmedError} unknown outcome: sending the same events again is always safe.
   */
  abstract publish(events: readonly Event[], origin: Origin): Promise<void>;

  /**
   * The same for records as they are: what a door has refused, what once was a dead letter. The consumers judge them.
   *
   * @throws {PublishUnconfirmedError} as above.
   */
  abstract append(records: readonly EventRecord[]): Promise<void>;

  abstract status(): PublisherStatus;

  /** Takes no more; resolves when what was taken is settled. May be called twice. */
  abstract close(): Promise<void>;
}

/** The log did not confirm in time or cannot take more now. Some, all or none of the events may be on it. */
export class PublishUnconfirmedError extends PipelineError {
  readonly code = 'PUBLISH_UNCONFIRMED';
  readonly retriable = true;
}

/** The log works and refuses a record of this request, as a rule for its size. Alone it is refused every time. */
export class RecordsRefusedError extends PublishUnconfirmedError {}
