import { Injectable } from '@nestjs/common';
import type { ParsedEvent } from '@app/events';
import { problems, ProblemError, type ProblemDetail } from '../../transport/problem';
import { Admission } from '../admission';
import { IngestService, type IngestOptions, type IngestOutcome } from '../ingest.service';
import type { GrpcCall } from './grpc-call';
import { MAX_EVENTS, type WireEvent, type WireRequest } from './publish-request.codec';
import { encodePublishBatchResponse, encodePublishResponse } from './publish-response.codec';
import { fromWireEvent } from './wire-event.convert';

export interface WireBatch {
  readonly events: readonly WireEvent[];
  readonly atomic: boolean;
  /** Length of the message. */
  readonly bytes: number;
}

const NO_EVENTS: WireBatch = { events: [], atomic: false, bytes: 0 };

/** @throws {ProblemError} when the message as a whole is unusable. */
export function toBatch(request: WireRequest): WireBatch {
  if (request.kind === 'malformed') throw malformed(request.reason);
  const { events, atomic, bytes } = request.kind === 'batch' ? request : NO_EVENTS;
  if (events.length === 0 || events.length > MAX_EVENTS) {
    const message = `must have 1 to ${MAX_EVENTS} events`;
    throw refusal('The batch was not taken.', [{ field: 'events', code: 'length', message }]);
  }
  return { events, atomic, bytes };
}

function malformed(reason: string): ProblemError {
  return new ProblemError(problems.malformed(`The message cannot be read: ${reason}.`));
}

function toEvent(request: WireRequest): WireEvent {
  if (request.kind === 'malformed') throw malformed(request.reason);
  if (request.kind === 'event' && request.event !== undefined) return request.event;
  throw refusal('The request has no event.', [{ field: '', code: 'required', message: 'is missing' }]);
}

/** The one message of a call that has one. */
async function onlyMessage(call: GrpcCall): Promise<WireRequest> {
  const request = await call.message();
  if (request === undefined) throw malformed('there is none');
  if ((await call.message()) !== undefined) throw malformed('there is more than one');
  return request;
}

/** `Publish` and `PublishBatch`: authenticates, reads, has the events accepted, answers. */
@Injectable()
export class GrpcDoor {
  constructor(
    private readonly ingest: IngestService,
    private readonly admission: Admission,
  ) {}

  /**
   * @throws {ProblemError} what the call ends with; so too what `IngestService` throws.
   * @throws {CallOverError} when nobody waits for an answer any more.
   */
  async publish(call: GrpcCall): Promise<void> {
    const principal = await this.admission.admit(call.key);
    const event = toEvent(await onlyMessage(call));
    const parsed = fromWireEvent(event, principal.projectId, new Date());
    const outcome = await this.accept(call, [parsed], { principal, requestId: call.requestId, atomic: false });
    const [eventId] = outcome.eventIds;
    if (typeof eventId === 'string') call.end(encodePublishResponse(eventId));
    else throw refusal('The event was not taken.', withoutIndex(outcome.errors));
  }

  /** @throws as `publish`. */
  async publishBatch(call: GrpcCall): Promise<void> {
    const principal = await this.admission.admit(call.key);
    const { events, atomic } = toBatch(await onlyMessage(call));
    const receivedAt = new Date();
    const parsed = events.map((event) => fromWireEvent(event, principal.projectId, receivedAt));
    const outcome = await this.accept(call, parsed, { principal, requestId: call.requestId, atomic });
    if (outcome.accepted === 0) throw refusal('None of the events was taken.', outcome.errors);
    call.end(encodePublishBatchResponse(outcome));
  }

  private accept(call: GrpcCall, parsed: readonly ParsedEvent[], options: IngestOptions): Promise<IngestOutcome> {
    call.releaseBytes();
    call.assertRunning();
    return this.ingest.accept(parsed, options);
  }
}

function withoutIndex(errors: readonly ProblemDetail[]): ProblemDetail[] {
  return errors.map(({ field, code, message }) => ({ field, code, message }));
}

function refusal(detail: string, errors: readonly ProblemDetail[]): ProblemError {
  return new ProblemError(problems.invalid(detail, errors));
}
