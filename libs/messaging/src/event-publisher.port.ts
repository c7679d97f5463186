import { PipelineError, type Event } from '@app/events';

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
   * @param requestId travels in each record's header `request_id`, into the consumer's log lines.
   * @throws {PublishUnconfirmedError} unknown outcome: sending the same events again is always safe.
   */
  abstract publish(events: readonly Event[], requestId: string): Promise<void>;

  abstract status(): PublisherStatus;

  /** Takes no more; resolves when what was taken is settled. May be called twice. */
  abstract close(): Promise<void>;
}

/** The log did not confirm in time or cannot take more now. Some, all or none of the events may be on it. */
export class PublishUnconfirmedError extends PipelineError {
  readonly code = 'PUBLISH_UNCONFIRMED';
  readonly retriable = true;
}
