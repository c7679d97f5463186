import type { ServerResponse } from 'node:http';
import { problems, ProblemError } from '../../transport/problem';
import type { IngestOutcome } from '../ingest.service';

/** An answer that is no refusal, before it is put on the wire. */
export interface IngestAnswer {
  readonly status: 200 | 201 | 202;
  readonly body: object;
}

/** The 202: the log has every event that was taken. @param batch the form: an array's, or one object's. */
export function toAcceptedAnswer(outcome: IngestOutcome, batch: boolean): IngestAnswer {
  if (!batch) return { status: 202, body: { event_id: outcome.eventIds[0], status: 'accepted' } };
  return { status: 202, body: toBatchBody(outcome) };
}

/** What a batch is told in every answer that is no refusal. */
export function toBatchBody(outcome: IngestOutcome): object {
  return {
    accepted: outcome.accepted,
    rejected: outcome.eventIds.length - outcome.accepted,
    event_ids: outcome.eventIds,
    errors: outcome.errors,
  };
}

/** The 422 of a request of which no event was taken. */
export function toRefusal(outcome: IngestOutcome, batch: boolean): ProblemError {
  if (batch) return new ProblemError(problems.invalid('None of the events was taken.', outcome.errors));
  const errors = outcome.errors.map(({ field, code, message }) => ({ field, code, message }));
  return new ProblemError(problems.invalid('The event was not taken.', errors));
}

/** Writes the answer. Does nothing when the client is gone. */
export function sendAnswer(response: ServerResponse, requestId: string, { status, body }: IngestAnswer): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'X-Request-Id': requestId,
  });
  // As a string it goes out in one piece with the head; a Buffer would be a second one, and a writev.
  response.end(text);
}
