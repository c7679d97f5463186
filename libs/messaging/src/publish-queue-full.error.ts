import { PublishUnconfirmedError } from './event-publisher.port';

/** More is waiting for the log than this process may hold: the events were not tried at all. */
export class PublishQueueFullError extends PublishUnconfirmedError {
  constructor(limit: string) {
    super(`The queue in front of the log is full (${limit}).`);
  }
}
