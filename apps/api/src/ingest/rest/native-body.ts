import type { IncomingMessage } from 'node:http';
import { JsonText, parseEvent, type ParsedEvent } from '@app/events';
import type { BodyBudget } from '../../transport/body-budget';
import { problems, ProblemError } from '../../transport/problem';
import { readText } from '../../transport/request-body';
import { invalidBody, MAX_EVENTS, parseJson } from '../json-body';
import type { RequestEvents } from './ingest-exchange';

/** `application/json`, with no charset but UTF-8. */
function checkContentType(request: IncomingMessage): void {
  const header = request.headers['content-type'];
  if (header === undefined) {
    // Without a body there is no form to name: what follows says that the JSON is missing.
    const empty =
      request.headers['transfer-encoding'] === undefined && Number(request.headers['content-length'] ?? 0) === 0;
    if (empty) return;
    throw new ProblemError(problems.unsupportedMediaType('The body needs a Content-Type: application/json.'));
  }
  if (header === 'application/json') return; // nearly always: skip the parsing
  const [type = '', ...parameters] = header.split(';').map((part) => part.trim().toLowerCase());
  if (type !== 'application/json') {
    throw new ProblemError(problems.unsupportedMediaType(`Content-Type must be application/json, not "${type}".`));
  }
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  if (charset !== undefined && !/^"?utf-?8"?$/.test(charset)) {
    throw new ProblemError(problems.unsupportedMediaType('JSON travels in UTF-8.'));
  }
}

function parseArray(items: readonly unknown[], text: string, projectId: number): readonly ParsedEvent[] {
  if (items.length === 0) throw invalidBody('length', 'is an empty array');
  if (items.length > MAX_EVENTS) throw invalidBody('length', `has more than ${MAX_EVENTS} events`);
  const receivedAt = new Date();
  const json = new JsonText(text);
  return items.map((item, index) => parseEvent(item, { projectId, receivedAt, source: { json, path: [index] } }));
}

/**
 * Reads the body of `POST /api/v1/events`: one event, or an array of 1 to 1000.
 *
 * @throws {ProblemError} 400, 413, 415, or 422 when the body as a whole is unusable; 503 when `budget` has no room for it.
 */
export async function readNativeBody(
  request: IncomingMessage,
  projectId: number,
  budget: BodyBudget,
): Promise<RequestEvents> {
  checkContentType(request);
  const text = await readText(request, budget);
  const body = parseJson(text);
  if (Array.isArray(body)) return { batch: true, events: parseArray(body, text, projectId) };
  if (typeof body !== 'object' || body === null) throw invalidBody('type', 'must be an event or an array of events');
  const source = { json: new JsonText(text), path: [] };
  return { batch: false, events: [parseEvent(body, { projectId, receivedAt: new Date(), source })] };
}
