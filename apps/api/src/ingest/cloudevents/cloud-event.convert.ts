import {
  cloudEventId,
  FieldErrors,
  FieldReader,
  type JsonText,
  readEvent,
  type Acceptance,
  type EventField,
  type EventFields,
  type FieldError,
  type JsonObject,
  type JsonValue,
  type ParsedEvent,
  type Path,
} from '@app/events';
import { payloadOf, type Payload } from './payload';

/** A CloudEvent as it was sent, nothing checked yet. */
export interface CloudEvent {
  /** By their names, without the payload. Null is the same as missing. */
  readonly attributes: JsonObject;
  /** What stands before an attribute's name in the request: nothing in JSON, `ce-` in headers. */
  readonly prefix: '' | 'ce-';
  readonly payload: Payload;
  /** What was found wrong with it while it was read. */
  readonly errors: FieldErrors;
}

const ATTRIBUTE_OF: Partial<Record<EventField, string>> = {
  name: 'type',
  source: 'source',
  user_id: 'subject',
  occurred_at: 'time',
};
const MAPPED: ReadonlySet<string> = new Set(Object.values(ATTRIBUTE_OF));
const NAME = /^[a-z0-9]+$/;
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const MAX_INTEGER = 2_147_483_647;

/** Reads the attributes that have no field of their own; they and the id become the event's context. */
class ContextReader {
  readonly context: JsonObject = {};

  constructor(
    private readonly errors: FieldErrors,
    private readonly prefix: string,
  ) {}

  take(name: string, value: JsonValue): void {
    const problem = attributeProblem(name, value);
    if (problem !== undefined) this.errors.add([`${this.prefix}${name}`], problem.code, problem.message);
    else this.context[name] = value === 0 ? 0 : value; // -0 is 0
  }
}

type Problem = Pick<FieldError, 'code' | 'message'>;

/** What breaks the type system of CloudEvents 1.0.2 (naming conventions and type system), or undefined. */
function attributeProblem(name: string, value: JsonValue): Problem | undefined {
  if (!NAME.test(name)) return { code: 'format', message: 'must be named with the letters a to z and digits only' };
  const text = name === 'datacontenttype' || name === 'dataschema';
  if (text && typeof value !== 'string') return { code: 'type', message: 'must be a string' };
  if (typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return integerProblem(value);
  if (typeof value !== 'string') return { code: 'type', message: 'must be a string, a boolean or an integer' };
  if (text && value === '') return { code: 'length', message: 'must not be empty' };
  if (CONTROL.test(value)) return { code: 'control_character', message: 'must not contain control characters' };
  return value.isWellFormed() ? undefined : { code: 'lone_surrogate', message: 'contains half of a surrogate pair' };
}

function integerProblem(value: number): Problem | undefined {
  if (!Number.isInteger(value)) return { code: 'number', message: 'must be an integer; send others as strings' };
  return value <= MAX_INTEGER && value >= -MAX_INTEGER - 1
    ? undefined
    : { code: 'range', message: 'must be an integer of 32 bits; send others as strings' };
}

function checkVersion(version: JsonValue | undefined, key: string, errors: FieldErrors): void {
  if (version === undefined || version === null) errors.add([key], 'required', 'is missing');
  else if (version !== '1.0') errors.add([key], 'format', 'must be "1.0"');
}

/** The context of the event, and its id when source and id are there; what is wrong is added to the event's errors. */
function readAttributes({ attributes, prefix, errors }: CloudEvent): { context: JsonObject; eventId?: string } {
  checkVersion(attributes['specversion'], `${prefix}specversion`, errors);
  const reader = new ContextReader(errors, prefix);
  const { id, source } = attributes;
  for (const name of ['id', 'source']) {
    if ((attributes[name] ?? undefined) === undefined) errors.add([`${prefix}${name}`], 'required', 'is missing');
  }
  const known = new FieldReader(errors, undefined).label(id, `${prefix}id`);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && name !== 'id' && name !== 'specversion' && !MAPPED.has(name)) reader.take(name, value);
  }
  const context: JsonObject = { specversion: '1.0', id: known ?? '', ...reader.context };
  if (known === undefined || typeof source !== 'string') return { context };
  return { context, eventId: cloudEventId(source, known) };
}

/** Of a payload that became the member `value` of an object, the refusal names the place where the client has it. */
function asSent({ ok, ...parsed }: ParsedEvent & { ok: false }): ParsedEvent {
  const errors = parsed.errors.map((error) =>
    error.field.startsWith('data.value') ? { ...error, field: `data${error.field.slice('data.value'.length)}` } : error,
  );
  return { ok, errors };
}

/** Makes an Event of a CloudEvent; `event_id` is made of source and id, so that what is sent again is a duplicate. */
export function fromCloudEvent(event: CloudEvent, acceptance: Omit<Acceptance, 'source'>): ParsedEvent {
  const { attributes, prefix, payload, errors } = event;
  const { context, eventId } = readAttributes(event);
  const others: Partial<Record<EventField, unknown>> = { event_id: eventId, data: payload.data, context };
  const fields: EventFields = {
    value: (field) => {
      const attribute = ATTRIBUTE_OF[field];
      return attribute === undefined ? others[field] : attributes[attribute];
    },
    key: (field) => {
      const attribute = ATTRIBUTE_OF[field];
      if (attribute !== undefined) return `${prefix}${attribute}`;
      return field === 'data' ? payload.key : field;
    },
  };
  const parsed = readEvent(fields, { ...acceptance, ...sourceOf(payload) }, errors);
  return payload.wrapped && !parsed.ok ? asSent(parsed) : parsed;
}

/** Takes a CloudEvent in JSON apart. @param path where it stands in the text. */
export function readStructured(value: JsonObject, json: JsonText, path: Path): CloudEvent {
  const errors = new FieldErrors();
  const payload = payloadOf(value, json, path, errors);
  const attributes = { ...value };
  delete attributes['data'];
  delete attributes['data_base64'];
  return { attributes, prefix: '', payload, errors };
}

/** Finds the numbers of the payload in the request's text, where they stand without what it was wrapped in. */
function sourceOf({ text, wrapped }: Payload): Pick<Acceptance, 'source'> {
  if (text === undefined) return {};
  const isWideInteger = (path: Path): boolean =>
    text.json.isWideInteger([...text.path, ...path.slice(wrapped ? 2 : 1)]);
  return { source: { json: { isWideInteger }, path: [] } };
}
