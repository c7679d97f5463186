import {
  FieldErrors,
  isObject,
  JsonText,
  parseRfc3339,
  readEvent,
  segmentEventId,
  type Acceptance,
  type EventField,
  type EventFields,
  type JsonObject,
  type ParsedEvent,
} from '@app/events';
import { correctedTime } from './clock-correction';
import { MessageSource } from './message-source';
import { readSentAt, type SharedMembers } from './segment-batch';
import { isSegmentType, type SegmentType } from './segment-types';

/** A value and the name under which it was sent. */
interface Named {
  readonly key: string;
  readonly value: unknown;
}

/** How and where a message came. */
export interface SegmentArrival extends Acceptance {
  readonly shared: SharedMembers;
  /** The id of a message that brings none; undefined: a new one. */
  readonly eventId?: string | undefined;
}

class MessageFields implements EventFields {
  constructor(private readonly fields: Readonly<Partial<Record<EventField, Named>>>) {}

  value(field: EventField): unknown {
    return this.fields[field]?.value;
  }

  key(field: EventField): string {
    return this.fields[field]?.key ?? field;
  }
}

/** Not there in the eyes of Segment's libraries: they send empty texts for it, too. */
function blank(value: unknown): value is undefined | null | '' {
  return value === undefined || value === null || value === '';
}

function readType(message: JsonObject, shared: SharedMembers, errors: FieldErrors): SegmentType | undefined {
  const type = shared.type ?? message['type'];
  if (isSegmentType(type)) return type;
  const words = 'must be track, identify, page, screen, group or alias';
  errors.add(['type'], blank(type) ? 'required' : 'format', blank(type) ? 'is missing' : words);
  return undefined;
}

/** `userId`, else `anonymousId`. Libraries of languages that mind types less send numbers for it. */
function readUser(message: JsonObject): Named {
  const { userId, anonymousId } = message;
  const [key, value] = blank(userId) ? ['anonymousId', anonymousId] : ['userId', userId];
  if (typeof value === 'number' && Number.isSafeInteger(value)) return { key, value: String(value) };
  return { key, value: blank(value) ? undefined : value };
}

function instantOf(value: unknown): number | undefined {
  return typeof value === 'string' ? parseRfc3339(value) : undefined;
}

function readTime(message: JsonObject, { shared, receivedAt }: SegmentArrival): Named {
  const key = blank(message['timestamp']) ? 'originalTimestamp' : 'timestamp';
  const value = message[key];
  if (blank(value)) return { key: 'timestamp', value: receivedAt.toISOString() };
  const timestamp = instantOf(value);
  if (timestamp === undefined) return { key, value };
  // The batch's is newer: libraries write it anew whenever they send it again.
  const sentAt = instantOf(shared.sentAt) ?? instantOf(message['sentAt']);
  const corrected = correctedTime({ timestamp, sentAt, receivedAt: receivedAt.getTime() });
  return { key, value: new Date(corrected).toISOString() };
}

function readId(message: JsonObject, arrival: SegmentArrival, errors: FieldErrors): Named {
  const { messageId } = message;
  if (blank(messageId)) return { key: 'messageId', value: arrival.eventId };
  if (typeof messageId === 'string') return { key: 'messageId', value: segmentEventId(messageId) };
  errors.add(['messageId'], 'type', 'must be a string');
  return { key: 'messageId', value: undefined };
}

/** Own members only, `__proto__` among them: neither spread nor fromEntries takes that for the prototype. */
function without(object: JsonObject, keys: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.has(key)));
}

const WRITE_KEY: ReadonlySet<string> = new Set(['writeKey']);

/** A context or integrations without the write key; as an array, which rules do not forbid, without that of its elements. */
function withoutWriteKey(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map((element: unknown) => (isObject(element) ? without(element, WRITE_KEY) : element));
  return isObject(value) ? without(value, WRITE_KEY) : value;
}

/** The member of a message over that of its batch. */
function merged(shared: unknown, own: unknown): unknown {
  if (!isObject(shared)) return withoutWriteKey(own);
  if (blank(own)) return withoutWriteKey(shared);
  return withoutWriteKey(isObject(own) ? { ...shared, ...own } : own);
}

/** All that has no field of its own, under Segment's names. */
function readRest(message: JsonObject, type: SegmentType, used: readonly string[], { shared }: SegmentArrival): Named {
  const rest = without(message, new Set(['writeKey', 'timestamp', 'sentAt', 'originalTimestamp', ...used]));
  const extra = {
    type,
    context: merged(shared.context, message['context']),
    integrations: merged(shared.integrations, message['integrations']),
    originalTimestamp: blank(message['originalTimestamp']) ? message['timestamp'] : message['originalTimestamp'],
    sentAt: blank(shared.sentAt) ? message['sentAt'] : shared.sentAt,
  };
  const known = Object.entries(extra).filter(([, value]) => !blank(value));
  return { key: 'context', value: { ...rest, ...Object.fromEntries(known) } };
}

/** Errors name what the client sent: `context.userAgent`, not the place where it would have been kept. */
function inClientsWords(parsed: ParsedEvent): ParsedEvent {
  if (parsed.ok) return parsed;
  const errors = parsed.errors.map((error) => ({ ...error, field: error.field.replace(/^context\.?(?=.)/, '') }));
  return { ok: false, errors };
}

/** Makes an Event of a message of the Segment API, or tells what is wrong with it in Segment's names. */
export function fromSegmentMessage(message: unknown, arrival: SegmentArrival): ParsedEvent {
  const errors = new FieldErrors();
  if (!isObject(message)) {
    errors.add([], 'type', 'must be a JSON object');
    return { ok: false, errors: errors.list };
  }
  const type = readType(message, arrival.shared, errors);
  if (type === undefined) return { ok: false, errors: errors.list };
  const dataKey = type === 'identify' || type === 'group' ? 'traits' : 'properties';
  const fields = new MessageFields({
    event_id: readId(message, arrival, errors),
    name: { key: 'event', value: type === 'track' ? message['event'] : `segment.${type}` },
    user_id: readUser(message),
    occurred_at: readTime(message, arrival),
    data: { key: dataKey, value: message[dataKey] },
    context: readRest(message, type, type === 'track' ? [dataKey, 'userId', 'event'] : [dataKey, 'userId'], arrival),
  });
  return inClientsWords(readEvent(fields, arrival, errors));
}

/**
 * Reads a refused message again, from the value of its dead letter: a body of `POST /v1/batch` with one message, and
 * `receivedAt` (when it came), `eventId` (for a message that brings no id), `type` (where the path told it).
 *
 * @param acceptance `receivedAt`: when it was kept. The event has the time when it came, which tells whether it is older
 *   than an erasure of its user.
 */
export function segmentEventOf(value: Buffer, acceptance: Pick<Acceptance, 'projectId' | 'receivedAt'>): ParsedEvent {
  const text = value.toString('utf8');
  const kept = parseKept(text);
  const messages = kept['batch'];
  if (!Array.isArray(messages) || messages.length !== 1) {
    return { ok: false, errors: [{ field: '', code: 'format', message: 'is no message that was kept whole' }] };
  }
  const { sentAt, context, integrations } = kept;
  const type = isSegmentType(kept['type']) ? kept['type'] : undefined;
  const keptAt = acceptance.receivedAt.getTime();
  const receivedAt = new Date(Math.min(instantOf(kept['receivedAt']) ?? keptAt, keptAt));
  const eventId = typeof kept['eventId'] === 'string' ? kept['eventId'] : undefined;
  const source = { json: new MessageSource(new JsonText(text), ['batch', 0]), path: [] };
  const shared = { type, sentAt: readSentAt(sentAt), context, integrations };
  return fromSegmentMessage(messages[0], { ...acceptance, receivedAt, source, shared, eventId });
}

function parseKept(text: string): JsonObject {
  try {
    const kept: unknown = JSON.parse(text);
    return isObject(kept) ? kept : {};
  } catch {
    return {}; // an operator may have changed it, or a stranger written it
  }
}
