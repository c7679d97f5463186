import { Metadata, status, type StatusObject } from '@grpc/grpc-js';
import type { PinoLogger } from 'nestjs-pino';
import { toProblem } from '../../transport/problem.convert';
import type { Problem } from '../../transport/problem';
import { encodeStatusDetails, shortened, violationField } from './status-details.codec';

/** Ids in a header beside the details; a client that sends more at once gives its events ids of its own. */
const MAX_TOLD_IDS = 100;

const CODES: ReadonlyMap<number, status> = new Map([
  [400, status.INVALID_ARGUMENT],
  [401, status.UNAUTHENTICATED],
  [403, status.PERMISSION_DENIED],
  [404, status.NOT_FOUND],
  [413, status.RESOURCE_EXHAUSTED],
  [422, status.INVALID_ARGUMENT],
  [429, status.RESOURCE_EXHAUSTED],
  [503, status.UNAVAILABLE],
]);

/** The one place where an error becomes the status of a call. */
export function toCallStatus(error: unknown, requestId: string, logger: PinoLogger): StatusObject {
  return fromProblem(toProblem(error, requestId, logger), requestId);
}

export function fromProblem(problem: Problem, requestId: string): StatusObject {
  const code = CODES.get(problem.status) ?? status.INTERNAL;
  const metadata = new Metadata();
  metadata.set('x-request-id', requestId);
  metadata.set('grpc-status-details-bin', encodeStatusDetails(code, problem, requestId));
  for (const [name, value] of Object.entries(problem.headers ?? {})) {
    if (name === 'Retry-After' || name.startsWith('RateLimit')) metadata.set(name.toLowerCase(), value);
  }
  const ids = problem.event_ids ?? [];
  // In the order of the events, nothing where one was refused.
  if (ids.length > 0 && ids.length <= MAX_TOLD_IDS) metadata.set('event-ids', ids.map((id) => id ?? '').join(','));
  return { code, details: sentence(problem), metadata };
}

/** Also for those who look at the message only: the first thing that is wrong. */
function sentence({ detail, errors = [] }: Problem): string {
  const [first] = errors;
  if (first === undefined) return detail.toWellFormed();
  const more = errors.length > 1 ? `, and ${errors.length - 1} more` : '';
  return `${detail} ${shortened(violationField(first))} ${first.message}${more}.`.toWellFormed();
}
