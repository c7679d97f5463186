import { idempotencyEventId, JsonText, parseEvent, type Acceptance, type ParsedEvent } from '@app/events';
import { invalidBody, jsonProblem, MAX_EVENTS, parseJson } from '../json-body';
import type { RequestEvents } from './ingest-exchange';

type Source = NonNullable<Acceptance['source']>;

/** What is known of the events of a body beside the body. */
export interface BodyOrigin {
  readonly projectId: number;
  readonly receivedAt: Date;
  /** The events that bring no id get one made of it. */
  readonly idempotencyKey: string | undefined;
}

/**
 * The events of a JSON body: one, or an array of 1 to 1000.
 *
 * @throws {ProblemError} 400, or 422 when the body as a whole is unusable.
 */
export function parseJsonEvents(text: string, origin: BodyOrigin): RequestEvents {
  const body = parseJson(text);
  const json = new JsonText(text);
  if (Array.isArray(body)) {
    checkCount(body.length);
    const events = body.map((item, index) => parseEvent(item, acceptance(origin, { json, path: [index] }, index)));
    return { batch: true, events };
  }
  if (typeof body !== 'object' || body === null) throw invalidBody('type', 'must be an event or an array of events');
  return { batch: false, events: [parseEvent(body, acceptance(origin, { json, path: [] }))] };
}

/**
 * The events of an NDJSON body, one a line, 1 to 1000. A line that is no JSON is refused by itself; blank ones do not count.
 *
 * @throws {ProblemError} 422 when there are too few or too many.
 */
export function parseNdjsonEvents(text: string, origin: BodyOrigin): RequestEvents {
  const events: ParsedEvent[] = [];
  for (let from = 0; from < text.length;) {
    const newline = text.indexOf('\n', from);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(from, end);
    from = end + 1;
    if (BLANK.test(line)) continue;
    if (events.length === MAX_EVENTS) checkCount(MAX_EVENTS + 1);
    events.push(parseLine(line, origin, events.length));
  }
  checkCount(events.length);
  return { batch: true, events };
}

/** Nothing but what JSON takes for space. */
const BLANK = /^[ \t\r]*$/;

function parseLine(line: string, origin: BodyOrigin, index: number): ParsedEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return { ok: false, errors: [{ field: '', code: 'format', message: `is not JSON: ${jsonProblem(error)}` }] };
  }
  return parseEvent(value, acceptance(origin, { json: new JsonText(line), path: [] }, index));
}

/** @param index place of the event in a batch. */
function acceptance(origin: BodyOrigin, source: Source, index?: number): Acceptance {
  const { projectId, receivedAt, idempotencyKey } = origin;
  if (idempotencyKey === undefined) return { projectId, receivedAt, source }; // nearly always
  return { projectId, receivedAt, source, eventId: idempotencyEventId(idempotencyKey, index) };
}

function checkCount(events: number): void {
  if (events === 0) throw invalidBody('length', 'holds no event');
  if (events > MAX_EVENTS) throw invalidBody('length', `has more than ${MAX_EVENTS} events`);
}
