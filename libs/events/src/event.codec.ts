import { isUtf8 } from 'node:buffer';
import { readCanonical } from './canonical-event';
import type { Event, JsonObject, StorableEvent } from './event';
import { FieldErrors } from './field-error';
import { FieldReader, isObject } from './field.rules';
import { PipelineError } from './pipeline-error';
import { formatInstant } from './rfc3339';

/** Version of the wire form that this program writes. It reads this one and, once there is one, the one before. */
const VERSION = 1;

const WIRE_FIELDS: ReadonlySet<string> = new Set([
  'v',
  'event_id',
  'name',
  'source',
  'user_id',
  'occurred_at',
  'received_at',
  'amount',
  'data',
  'context',
]);

/** The record is not an event of this service, and never will be: a dead letter. */
export class MalformedEventError extends PipelineError {
  readonly code = 'MALFORMED_EVENT';
  readonly retriable = false;
}

/** Written by a newer program than this one: the rollout is in the wrong order. Wait, do not judge. */
export class NewerVersionError extends PipelineError {
  readonly code = 'NEWER_VERSION';
  readonly retriable = true;
}

/**
 * The record's key: project and user, so that one user's events stay in order and retries of one fact land on one
 * partition. The project is digits only, so the first colon ends it.
 */
export function partitionKey(event: Event): string {
  return `${event.projectId}:${event.userId ?? event.eventId}`;
}

/**
 * UTF-8 JSON of the event, without its project (a header carries that). Loses nothing. The members are joined by hand:
 * 2.4 µs against 4.1 µs for JSON.stringify of an object with two Dates.
 */
export function encodeEvent(event: Event): Buffer {
  const { source, userId, amount, context } = event;
  let text = `{"v":${VERSION},"event_id":"${event.eventId}","name":${JSON.stringify(event.name)}`;
  if (source !== undefined) text += `,"source":${JSON.stringify(source)}`;
  if (userId !== undefined) text += `,"user_id":${JSON.stringify(userId)}`;
  text += `,"occurred_at":"${formatInstant(event.occurredAt)}","received_at":"${formatInstant(event.receivedAt)}"`;
  if (amount !== undefined) text += `,"amount":${amount}`;
  text += `,"data":${JSON.stringify(event.data)}`;
  if (context !== undefined) text += `,"context":${JSON.stringify(context)}`;
  return Buffer.from(`${text}}`);
}

function readText(value: Buffer): string {
  if (!isUtf8(value)) throw new MalformedEventError('The value is not valid UTF-8.');
  return value.toString('utf8');
}

function parseObject(text: string): JsonObject {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new MalformedEventError('The value is not JSON.', { cause: error });
  }
  if (!isObject(parsed)) throw new MalformedEventError('The value is not a JSON object.');
  return parsed;
}

function checkVersion(version: unknown): void {
  if (version === VERSION) return;
  if (typeof version === 'number' && Number.isSafeInteger(version) && version > VERSION) {
    throw new NewerVersionError(`The event has wire version ${version}; this program reads up to ${VERSION}.`);
  }
  throw new MalformedEventError(`The wire version must be ${VERSION}.`);
}

/**
 * Reads what `encodeEvent` wrote. Anybody may write to the topic, so every rule of the door is checked again (except
 * those about the moment of arrival); what passes can be stored.
 *
 * @throws {MalformedEventError} with the first problems in words.
 * @throws {NewerVersionError}
 */
export function decodeEvent(value: Buffer, projectId: number): Event {
  return readWire(parseObject(readText(value)), projectId);
}

/**
 * The same, for a store: `data` is cut out of the text where that is what this program writes, instead of being made anew
 * from the object. A record made by hand may still have text there that no rule has seen, in members that come twice: a
 * database may refuse it, and `toStorableEvent(decodeEvent(…))` is what it then has to be asked to take.
 *
 * @throws {MalformedEventError} with the first problems in words.
 * @throws {NewerVersionError}
 */
export function decodeStorableEvent(value: Buffer, projectId: number): StorableEvent {
  const text = readText(value);
  const canonical = readCanonical(text, projectId);
  if (canonical !== undefined) return canonical;
  const wire = parseObject(text);
  const event = readWire(wire, projectId);
  return toStorableEvent(event, dataText(text, wire));
}

/** @param data its JSON text, where that is known. */
export function toStorableEvent(event: Event, data = JSON.stringify(event.data)): StorableEvent {
  const { projectId, eventId, name, source, userId, occurredAt, receivedAt, amount } = event;
  const context = event.context === undefined ? undefined : JSON.stringify(event.context);
  return { projectId, eventId, name, source, userId, occurredAt, receivedAt, amount, data, context };
}

const DATA = ',"data":';

/**
 * What `encodeEvent` writes only where it has to, if at all: an escape by number, a number with an exponent or of more
 * than 30 digits. In a member that a later one of the same name replaces, none of the rules has seen it; in a number,
 * 9 characters like 1e-16000 are as many digits in the database.
 */
const UNUSUAL = /\\u|[:,[\s]-?(?:[\d.]{31}|[\d.]+[eE])/;

/**
 * The text of `data` when it is the last member, as `encodeEvent` writes it where there is no context. The members
 * before it are strings and numbers, in which the quotes of `,"data":` would be escaped: the first one is the member.
 */
function dataText(text: string, wire: JsonObject): string | undefined {
  let last: string | undefined;
  for (const key in wire) last = key;
  const at = text.indexOf(DATA);
  if (last !== 'data' || at < 0 || !text.endsWith('}') || text.includes(DATA, at + 1)) return undefined;
  const cut = text.slice(at + DATA.length, -1);
  return UNUSUAL.test(cut) ? undefined : cut;
}

function readWire(wire: JsonObject, projectId: number): Event {
  checkVersion(wire['v']);
  const errors = new FieldErrors();
  for (const key of Object.keys(wire)) {
    if (!WIRE_FIELDS.has(key)) errors.add([key], 'unknown_field', 'is not a field of the wire form');
  }
  const read = new FieldReader(errors, undefined);
  const eventId = read.uuid(wire['event_id'], 'event_id');
  const name = read.label(wire['name'], 'name');
  const occurredAt = read.time(wire['occurred_at'], 'occurred_at', Infinity);
  const receivedAt = read.time(wire['received_at'], 'received_at', Infinity);
  const data = read.object(wire['data'], 'data');
  const source = read.label(wire['source'], 'source');
  const userId = read.label(wire['user_id'], 'user_id');
  const amount = read.amount(wire['amount'], 'amount');
  const context = read.object(wire['context'], 'context');
  const complete = eventId && name && occurredAt && receivedAt && data;
  if (errors.list.length > 0 || !complete) throw malformed(errors);
  return { projectId, eventId, name, source, userId, occurredAt, receivedAt, amount, data, context };
}

function malformed(errors: FieldErrors): MalformedEventError {
  const problems = errors.list.map((error) => `${error.field} ${error.message}`);
  const text =
    problems.length > 0 ? problems.join('; ') : 'event_id, name, occurred_at, received_at or data is missing';
  return new MalformedEventError(`The event breaks the wire form: ${text}.`);
}
