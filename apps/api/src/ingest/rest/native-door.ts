import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { presentedKey } from '../../transport/auth/authorize';
import { BodyBudget } from '../../transport/body-budget';
import { problems, ProblemError, sendProblem } from '../../transport/problem';
import { toProblem } from '../../transport/problem.convert';
import { RequestAbortedError } from '../../transport/request-body';
import { requestIdOf } from '../../transport/request-id';
import { Admission } from '../admission';
import { IngestService, type IngestOutcome } from '../ingest.service';
import { readNativeBody } from './native-body';

/** Path of the hot route; the server hands it to the door before Express sees it. */
export const NATIVE_PATH = '/api/v1/events';

interface Options {
  readonly atomic: boolean;
}

function readOptions(url: string): Options {
  const query = url.indexOf('?');
  if (query === -1) return { atomic: false };
  let atomic = false;
  for (const [name, value] of new URLSearchParams(url.slice(query))) {
    if (name !== 'atomic') throw refusedParameter(name, 'unknown_field', 'is not a parameter of this call');
    if (value !== 'true' && value !== 'false') throw refusedParameter(name, 'type', 'must be true or false');
    atomic = value === 'true';
  }
  return { atomic };
}

function refusedParameter(field: string, code: string, message: string): ProblemError {
  return new ProblemError(problems.invalid(`The parameter ${field} ${message}.`, [{ field, code, message }]));
}

function answer(outcome: IngestOutcome, batch: boolean): object {
  if (!batch) return { event_id: outcome.eventIds[0], status: 'accepted' };
  return {
    accepted: outcome.accepted,
    rejected: outcome.eventIds.length - outcome.accepted,
    event_ids: outcome.eventIds,
    errors: outcome.errors,
  };
}

function refusal(outcome: IngestOutcome, batch: boolean): ProblemError {
  if (batch) return new ProblemError(problems.invalid('None of the events was taken.', outcome.errors));
  const errors = outcome.errors.map(({ field, code, message }) => ({ field, code, message }));
  return new ProblemError(problems.invalid('The event was not taken.', errors));
}

function send(response: ServerResponse, requestId: string, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(202, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'X-Request-Id': requestId,
  });
  // As a string it goes out in one piece with the head; a Buffer would be a second one, and a writev.
  response.end(text);
}

/**
 * `POST /api/v1/events`: authenticates, reads, has the events accepted, answers. Works on Node's own request and
 * response, so that the server can call it in front of Express.
 */
@Injectable()
export class NativeDoor {
  constructor(
    private readonly ingest: IngestService,
    private readonly admission: Admission,
    private readonly budget: BodyBudget,
    private readonly logger: PinoLogger,
  ) {}

  /** Answers the request, whatever happens; never rejects. */
  async post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = requestIdOf(request);
    try {
      const principal = await this.admission.admit(presentedKey(request));
      const { atomic } = readOptions(request.url ?? '');
      const { batch, events } = await readNativeBody(request, principal.projectId, this.budget);
      const outcome = await this.ingest.accept(events, { principal, requestId, atomic });
      if (outcome.accepted === 0) throw refusal(outcome, batch);
      send(response, requestId, answer(outcome, batch));
    } catch (error) {
      if (error instanceof RequestAbortedError) return;
      sendProblem(response, requestId, toProblem(error, requestId, this.logger));
    }
  }
}
