import type { Event, JsonObject } from './event';
import { FieldErrors, type FieldError } from './field-error';
import { FieldReader, isObject, latestOccurrence } from './field.rules';
import type { JsonSource } from './json-object.rules';
import { uuidV7 } from './uuid';

/** What the door knows about an event that is not in its body. */
export interface Acceptance {
  readonly projectId: number;
  readonly receivedAt: Date;
  /** Text that the input was parsed from; needed to refuse integers that a double has already rounded. */
  readonly source?: JsonSource;
}

export type ParsedEvent =
  { readonly ok: true; readonly event: Event } | { readonly ok: false; readonly errors: readonly FieldError[] };

type Field = 'event_id' | 'name' | 'source' | 'user_id' | 'occurred_at' | 'amount' | 'data';

/** Names of the native body; the synonyms let clients of older services send what they have. */
const FIELD_OF: ReadonlyMap<string, Field> = new Map([
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
class Body {
  private readonly values: Partial<Record<Field, unknown>> = {};
  private readonly keys: Partial<Record<Field, string>> = {};

  constructor(input: JsonObject, errors: FieldErrors) {
    for (const key in input) {
      const field = FIELD_OF.get(key);
      if (field === undefined) errors.add([key], 'unknown_field', 'is not a field of an event');
      else if (input[key] !== null) this.set(field, key, input[key], errors);
    }
  }

  value(field: Field): unknown {
    return this.values[field];
  }

  key(field: Field): string {
    return this.keys[field] ?? field;
  }

  private set(field: Field, key: string, value: unknown, errors: FieldErrors): void {
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
  const body = new Body(input, errors);
  const read = new FieldReader(errors, acceptance.source);
  const { receivedAt } = acceptance;
  const eventId = read.uuid(body.value('event_id'), 'event_id');
  const name = read.label(body.value('name'), body.key('name'));
  const event = {
    projectId: acceptance.projectId,
    eventId: eventId ?? '',
    name: name ?? '',
    source: read.label(body.value('source'), 'source'),
    userId: read.label(body.value('user_id'), 'user_id'),
    occurredAt:
      read.time(body.value('occurred_at'), body.key('occurred_at'), latestOccurrence(receivedAt)) ?? receivedAt,
    receivedAt,
    amount: read.amount(body.value('amount'), 'amount'),
    data: read.object(body.value('data'), body.key('data')) ?? {},
    context: undefined,
  };
  if (body.value('name') === undefined) errors.add(['name'], 'required', 'is missing');
  if (errors.list.length > 0) return { ok: false, errors: errors.list };
  return { ok: true, event: eventId === undefined ? { ...event, eventId: uuidV7(receivedAt.getTime()) } : event };
}
