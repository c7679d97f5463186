import type { IncomingMessage } from 'node:http';
import type { BodyBudget } from '../../transport/body-budget';
import { readText } from '../../transport/request-body';
import { readIdempotencyKey } from './idempotency-key';
import type { RequestEvents } from './ingest-exchange';
import { readContentType } from './native-content-type';
import { parseJsonEvents, parseNdjsonEvents } from './native-events';

/**
 * Reads the body of `POST /api/v1/events`: one event, an array of them, or one a line.
 *
 * @throws {ProblemError} 400, 413, 415, or 422 when the request as a whole is unusable; 503 when `budget` has no room for it.
 */
export async function readNativeBody(
  request: IncomingMessage,
  projectId: number,
  budget: BodyBudget,
): Promise<RequestEvents> {
  const form = readContentType(request);
  const idempotencyKey = readIdempotencyKey(request.headers);
  const text = await readText(request, budget);
  const origin = { projectId, receivedAt: new Date(), idempotencyKey };
  return form === 'json' ? parseJsonEvents(text, origin) : parseNdjsonEvents(text, origin);
}
