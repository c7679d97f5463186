import { Injectable } from '@nestjs/common';
import type { Event, FieldError, ParsedEvent } from '@app/events';
import {
  EventPublisher,
  PublishUnconfirmedError,
  toRefusedRecord,
  type Origin,
  type RefusedValue,
} from '@app/messaging';
import type { Principal } from '../transport/auth/key-ring';
import { EventLimit } from '../transport/limit/event-limit';

/** A refusal with the place of its event in the request. */
export interface IndexedFieldError extends FieldError {
  readonly index: number;
}

/** What became of each event of a request. */
export interface IngestOutcome {
  /** One per event of the request, in order: its id, or null where it was refused. */
  readonly eventIds: readonly (string | null)[];
  readonly errors: readonly IndexedFieldError[];
  /** Events that every in-sync replica has now. 0 means that nothing was sent on. */
  readonly accepted: number;
}

/** Who sends: has been admitted, and is charged for every event of the request. */
export interface Sender extends Origin {
  readonly principal: Principal;
}

export interface IngestOptions extends Sender {
  /** One refused event refuses all. */
  readonly atomic: boolean;
}

/** The log did not confirm; carries what a client needs to try again safely. */
export class IngestUnconfirmedError extends Error {
  constructor(
    readonly eventIds: readonly (string | null)[],
    options: ErrorOptions,
  ) {
    super('The event log did not confirm the events.', options);
    this.name = 'IngestUnconfirmedError';
  }
}

/** The one use case of every door: take the good events of a request, name what is wrong with the others. */
@Injectable()
export class IngestService {
  /** Events since the start, by what their requests were told. */
  readonly totals = { accepted: 0, rejected: 0, unconfirmed: 0 };

  constructor(
    private readonly publisher: EventPublisher,
    private readonly limit: EventLimit,
  ) {}

  /**
   * Resolves once the log has every accepted event. Of two events with one id in a request both are accepted and the
   * first is sent on.
   *
   * @throws {IngestUnconfirmedError} unknown outcome for the whole request.
   */
  async accept(parsed: readonly ParsedEvent[], options: IngestOptions): Promise<IngestOutcome> {
    this.limit.charge(options.principal.keyId, parsed.length);
    const eventIds = parsed.map((entry) => (entry.ok ? entry.event.eventId : null));
    const errors = parsed.flatMap((entry, index) =>
      entry.ok ? [] : entry.errors.map((error) => ({ index, ...error })),
    );
    const refused = errors.length > 0;
    const events = refused && options.atomic ? [] : distinct(parsed);
    if (events.length === 0) {
      this.totals.rejected += parsed.length;
      return { eventIds: parsed.map(() => null), errors, accepted: 0 };
    }
    const accepted = eventIds.filter((id) => id !== null).length;
    try {
      await this.publisher.publish(events, options);
    } catch (error) {
      if (!(error instanceof PublishUnconfirmedError)) throw error;
      this.totals.unconfirmed += accepted;
      throw new IngestUnconfirmedError(eventIds, { cause: error });
    }
    this.totals.accepted += accepted;
    this.totals.rejected += parsed.length - accepted;
    return { eventIds, errors, accepted };
  }

  /**
   * Sends what a door could not take to the dead letters, for doors whose clients are told nothing. Resolves once the
   * log has it.
   *
   * @throws {IngestUnconfirmedError} unknown outcome: what is sent again may become a second dead letter.
   */
  async refuse(refused: readonly RefusedValue[], sender: Sender): Promise<void> {
    this.limit.charge(sender.principal.keyId, refused.length);
    try {
      await this.publisher.append(refused.map((value) => toRefusedRecord(value, sender)));
    } catch (error) {
      if (!(error instanceof PublishUnconfirmedError)) throw error;
      throw new IngestUnconfirmedError([], { cause: error });
    }
    this.totals.rejected += refused.length;
  }
}

function distinct(parsed: readonly ParsedEvent[]): Event[] {
  const byId = new Map<string, Event>();
  for (const entry of parsed) {
    if (entry.ok && !byId.has(entry.event.eventId)) byId.set(entry.event.eventId, entry.event);
  }
  return [...byId.values()];
}
