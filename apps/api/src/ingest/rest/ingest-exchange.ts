import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { ParsedEvent } from '@app/events';
import type { Principal } from '../../transport/auth/key-ring';
import { IngestService } from '../ingest.service';
import { StoredEvents } from '../waiting/stored-events';
import { sendAnswer, toAcceptedAnswer, toRefusal } from './ingest-answer';
import type { UrlOptions } from './ingest-options';
import { toStoredAnswer } from './stored-answer';

/** A request's events, each read or refused. `batch` tells the form of the answer: an array's, or one object's. */
export interface RequestEvents {
  readonly batch: boolean;
  readonly events: readonly ParsedEvent[];
}

/** Who sends, and how it is to be answered. */
export interface IngestRequest {
  readonly principal: Principal;
  readonly requestId: string;
  readonly options: UrlOptions;
}

/** The second half of a request on every HTTP door that answers per event: has the events accepted, and answers. */
@Injectable()
export class IngestExchange {
  constructor(
    private readonly ingest: IngestService,
    private readonly stored: StoredEvents,
  ) {}

  /**
   * Answers what is to be answered with 200, 201 or 202. An empty batch is taken: doors that refuse it do so before.
   *
   * @throws {ProblemError} 422 when none of the events was taken, or what was taken could not be stored.
   * @throws {IngestUnconfirmedError} unknown outcome for the whole request.
   */
  async reply(response: ServerResponse, { batch, events }: RequestEvents, request: IngestRequest): Promise<void> {
    const { principal, requestId, options } = request;
    const ingestId = options.waitStored ? randomUUID() : undefined;
    const outcome = await this.ingest.accept(events, { principal, requestId, atomic: options.atomic, ingestId });
    if (outcome.accepted === 0 && events.length > 0) throw toRefusal(outcome, batch);
    const accepted = toAcceptedAnswer(outcome, batch);
    if (ingestId === undefined || outcome.accepted === 0) {
      sendAnswer(response, requestId, accepted);
      return;
    }
    const eventIds = new Set(outcome.eventIds.filter((id) => id !== null));
    const settled = await this.stored.settled({ projectId: principal.projectId, ingestId, eventIds }, response);
    sendAnswer(response, requestId, settled === undefined ? accepted : toStoredAnswer(outcome, settled, batch));
  }
}
