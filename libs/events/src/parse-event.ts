import type { Event, JsonObject } from './event';
import { FieldErrors, type FieldError } from './field-error';
import { FieldReader, isObject, latestOccurrence } from './field.rules';
import type { JsonSource } from './json-object.rules';
import { uuidV7 } from './uuid';

/** What the door knows about an event that is not in its body. */
export interface Acceptance {
  readonly projectId: number;
  readonly receivedAt: Date;
  /** A UUID in lower case, for an event that brings none; a UUIDv7 when left out. */
  readonly eventId?: string | undefined;
  /** Text that the input was parsed from; needed to refuse integers that a double has already rounded. */
  readonly source?: JsonSource;
}

export type ParsedEvent =
  { readonly ok: true; readonly event: Event } | { readonly ok: false; readonly errors: readonly FieldError[] };

/** What a client can say of an event; every door says it in its own names. */
export type EventField = 'event_id' | 'name' | 'source' | 'user_id' | 'occurred_at' | 'amount' | 'data' | 'context';

/** The values of an event that nothing has checked yet, in the shape of some door. */
export interface EventFields {
  /** Undefined and null are the same: not there. */
  value(field: EventField): unknown;
  /** The name under which the client sent it, for what is wrong with it. */
  key(field: EventField): string;
}

/** Names of the native body; the synonyms let clients of older services send what they have. */
const FIELD_OF: ReadonlyMap<string, EventField> = new Map<string, EventField>([
  ['event_id', 'event_id'],
  ['name', 'name'],
  ['event_type', 'name'],
  ['type', 'name'],
  ['source', 'source'],
  ['user_id', 'user_id'],
  ['occurred_at', 'occurred_at'],
  ['timestamp', 'occurred_at'],
  ['amount', 'amount'],
  ['data', 'data'],
  ['properties', 'data'],
  ['payload', 'data'],
]);

/** The values of one body by field, and the name that the client used for each. */
class Body implements EventFields {
  private readonly values: Partial<Record<EventField, unknown>> = {};
  private readonly keys: Partial<Record<EventField, string>> = {};

  constructor(input: JsonObject, errors: FieldErrors) {
    for (const key in input) {
      const field = FIELD_OF.get(key);
      if (field === undefined) errors.add([key], 'unknown_field', 'is not a field of an event');
      else if (input[key] !== null) this.set(field, key, input[key], errors);
    }
  }

  value(field: EventField): unknown {
    return this.values[field];
  }

  key(field: EventField): string {
    return this.keys[field] ?? field;
  }

  private set(field: EventField, key: string, value: unknown, errors: FieldErrors): void {
    const other = this.keys[field];
    if (other !== undefined) {
      errors.add([key], 'conflict', `and ${other} are two names of one field; send one of them`);
      return;
    }
    this.values[field] = value;
    this.keys[field] = key;
  }
}

/**
 * Makes an Event of a native body, a value as `JSON.parse` gives it. Missing `event_id` becomes a UUIDv7, missing
 * `occurred_at` the receive time, missing `data` an empty object; null is the same as missing.
 *
 * @returns the event, or up to 10 errors that name the fields.
 */
export function parseEvent(input: unknown, acceptance: Acceptance): ParsedEvent {
  const errors = new FieldErrors();
  if (!isObject(input)) {
    errors.add([], 'type', 'must be a JSON object');
    return { ok: false, errors: errors.list };
  }
  return readEvent(new Body(input, errors), acceptance, errors);
}

/**
 * Makes an Event of the fields of any door, by the same rules: missing `event_id` becomes that of
 * `acceptance` or a UUIDv7, missing `occurred_at` the receive time, missing `data` an empty object.
 *
 * @param errors what the door has found wrong already; then there is no event.
 * @returns the event, or up to 10 errors that name the fields as the client did.
 */
export function readEvent(fields: EventFields, acceptance: Acceptance, errors = new FieldErrors()): ParsedEvent {
  const read = new FieldReader(errors, acceptance.source);
  const { receivedAt } = acceptance;
  const eventId = read.uuid(fields.value('event_id'), fields.key('event_id'));
  const name = read.label(fields.value('name'), fields.key('name'));
  const event = {
    projectId: acceptance.projectId,
    eventId: eventId ?? '',
    name: name ?? '',
    source: read.label(fields.value('source'), fields.key('source')),
    userId: read.label(fields.value('user_id'), fields.key('user_id')),
    occurredAt:
      read.time(fields.value('occurred_at'), fields.key('occurred_at'), latestOccurrence(receivedAt)) ?? receivedAt,
    receivedAt,
    amount: read.amount(fields.value('amount'), fields.key('amount')),
    data: read.object(fields.value('data'), fields.key('data')) ?? {},
    context: read.object(fields.value('context'), fields.key('context')),
  };
  if ((fields.value('name') ?? undefined) === undefined) errors.add([fields.key('name')], 'required', 'is missing');
  if (errors.list.length > 0) return { ok: false, errors: errors.list };
  if (eventId !== undefined) return { ok: true, event };
  return { ok: true, event: { ...event, eventId: acceptance.eventId ?? uuidV7(receivedAt.getTime()) } };
}
