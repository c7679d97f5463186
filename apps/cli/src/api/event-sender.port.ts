import type { EventOutcome } from './api-answer';

/** Brings events where they are judged. */
export abstract class EventSender {
  /**
   * @param events JSON texts of native events, each with an `event_id`, so that sending one twice stores it once.
   * @returns one outcome per event, in order; an accepted one is durable.
   * @throws {CannotRunError} when the outcome of some of them could not be learned.
   */
  abstract send(events: readonly string[]): Promise<readonly EventOutcome[]>;
}
