import type { IncomingMessage } from 'node:http';
import {
  FieldErrors,
  isObject,
  JsonText,
  type Acceptance,
  type JsonObject,
  type JsonValue,
  type ParsedEvent,
} from '@app/events';
import type { BodyBudget } from '../../transport/body-budget';
import { problems, ProblemError } from '../../transport/problem';
import { decodeText, readBytes, readText } from '../../transport/request-body';
import { invalidBody, MAX_EVENTS, parseJson } from '../json-body';
import type { RequestEvents } from '../rest/ingest-exchange';
import { fromCloudEvent, readStructured, type CloudEvent } from './cloud-event.convert';
import { contentModeOf } from './content-mode';
import { decodeHeaderValue } from './header-value';
import { isJson, readMediaType } from './media-type';
import { bytesPayload, jsonPayload, NO_PAYLOAD, textPayload, type Payload } from './payload';

const PREFIX = 'ce-';
/** What headers must not say, and what says it instead (HTTP binding, section 3.1). */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['datacontenttype', 'is said by Content-Type'],
  ['data', 'is the body'],
]);

/** The attributes that the headers hold; Node's own list would join those that come twice. */
function headerAttributes({ rawHeaders, headers }: IncomingMessage, errors: FieldErrors): JsonObject {
  const attributes = Object.create(null) as JsonObject; // `ce-__proto__` is a name like any other
  if (headers['content-type'] !== undefined) attributes['datacontenttype'] = headers['content-type'];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const header = rawHeaders[at]?.toLowerCase() ?? '';
    if (!header.startsWith(PREFIX)) continue;
    const name = header.slice(PREFIX.length);
    const value = decodeHeaderValue(rawHeaders[at + 1] ?? '');
    if (value === undefined) throw new ProblemError(problems.malformed(`The header ${header} is not valid UTF-8.`));
    const elsewhere = ELSEWHERE.get(name);
    if (elsewhere !== undefined) errors.add([header], 'conflict', elsewhere);
    else if (Object.hasOwn(attributes, name)) errors.add([header], 'conflict', 'is there twice');
    else attributes[name] = value;
  }
  return attributes;
}

function binaryPayload(body: Buffer, contentType: string | undefined): Payload {
  if (body.length === 0) return NO_PAYLOAD;
  const type = readMediaType(contentType ?? '');
  if (isJson(type)) {
    if (type.charset !== 'utf-8') throw new ProblemError(problems.unsupportedMediaType('JSON travels in UTF-8.'));
    const text = decodeText(body);
    return jsonPayload(parseJson(text), new JsonText(text), []);
  }
  // Text in another charset is kept as the bytes it is; datacontenttype tells how to read them.
  return type.essence.startsWith('text/') && type.charset === 'utf-8'
    ? textPayload(decodeText(body))
    : bytesPayload(body);
}

async function readBinary(request: IncomingMessage, budget: BodyBudget): Promise<CloudEvent> {
  const body = await readBytes(request, budget);
  const errors = new FieldErrors();
  const attributes = headerAttributes(request, errors);
  return { attributes, prefix: PREFIX, payload: binaryPayload(body, request.headers['content-type']), errors };
}

function readBatch(body: JsonValue, json: JsonText, acceptance: Acceptance): ParsedEvent[] {
  if (!Array.isArray(body)) throw invalidBody('type', 'must be an array of CloudEvents');
  if (body.length > MAX_EVENTS) throw invalidBody('length', `has more than ${MAX_EVENTS} events`);
  return body.map((item, index) =>
    isObject(item)
      ? fromCloudEvent(readStructured(item, json, [index]), acceptance)
      : { ok: false, errors: [{ field: '', code: 'type', message: 'must be a JSON object' }] },
  );
}

/**
 * Reads the CloudEvents of a request, in whatever mode it has.
 *
 * @throws {ProblemError} 400, 413, 415, or 422 when the request as a whole is unusable; 503 when `budget` has no room.
 */
export async function readCloudEvents(
  request: IncomingMessage,
  projectId: number,
  budget: BodyBudget,
): Promise<RequestEvents> {
  const mode = contentModeOf(request.headers);
  if (mode === 'binary') {
    const event = await readBinary(request, budget);
    return { batch: false, events: [fromCloudEvent(event, { projectId, receivedAt: new Date() })] };
  }
  const text = await readText(request, budget);
  const body = parseJson(text);
  const json = new JsonText(text);
  const acceptance = { projectId, receivedAt: new Date() };
  if (mode === 'batched') return { batch: true, events: readBatch(body, json, acceptance) };
  if (!isObject(body)) throw invalidBody('type', 'must be a CloudEvent');
  return { batch: false, events: [fromCloudEvent(readStructured(body, json, []), acceptance)] };
}
