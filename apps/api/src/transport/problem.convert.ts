import { HttpException } from '@nestjs/common';
import type { PinoLogger } from 'nestjs-pino';
import { PipelineError } from '@app/events';
import { TooManyErasuresError } from '@app/persistence';
import { IngestUnconfirmedError } from '../ingest/ingest.service';
import { problems, ProblemError, type Problem } from './problem';

/** What Nest or Express refuses by themselves: an unknown route, an undecodable path. */
function fromHttpException(status: number, message: string): Problem {
  if (status === 401) return problems.unauthenticated;
  if (status === 404) return problems.notFound('There is nothing at this path.');
  if (status === 405) return problems.methodNotAllowed([]);
  if (status >= 400 && status < 500) return { ...problems.malformed(message), status };
  return problems.internal();
}

/** Errors of Express and its parsers carry their status; anything else that has one is not ours to trust. */
function clientErrorStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  return error.status >= 400 && error.status < 500 ? error.status : undefined;
}

/**
 * The one place where an error becomes an HTTP answer. What is expected is not logged; what is not is a mistake of
 * ours, logged with the request's id.
 */
export function toProblem(error: unknown, requestId: string, logger: PinoLogger): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof IngestUnconfirmedError) return problems.unconfirmed(error.eventIds);
  if (error instanceof TooManyErasuresError) return problems.tooManyErasures();
  if (error instanceof PipelineError && error.retriable) return problems.unavailable();
  if (error instanceof HttpException) return fromHttpException(error.getStatus(), error.message);
  const status = clientErrorStatus(error);
  if (status !== undefined) return fromHttpException(status, (error as Error).message);
  logger.error({ error, request_id: requestId }, 'A request failed by a mistake of the server.');
  return problems.internal();
}
