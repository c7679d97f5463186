export { csvEventId } from './csv-event-id';
export { detached } from './detached';
export type { Event, JsonObject, JsonValue, StorableEvent } from './event';
export {
  decodeEvent,
  decodeStorableEvent,
  encodeEvent,
  MalformedEventError,
  NewerVersionError,
  partitionKey,
  toStorableEvent,
} from './event.codec';
export { FieldErrors, type FieldError, type FieldErrorCode, type Path } from './field-error';
export { FieldReader, isObject } from './field.rules';
export { membersOf, visitSpans } from './json-spans';
export { JsonText, withWideFractions } from './json-text';
export { cloudEventId, idempotencyEventId, segmentEventId } from './name-based-id';
export {
  parseEvent,
  readEvent,
  type Acceptance,
  type EventField,
  type EventFields,
  type ParsedEvent,
} from './parse-event';
export { formatInstant, parseRfc3339 } from './rfc3339';
export { labelProblem } from './label.rule';
export { PipelineError } from './pipeline-error';
export { isUuid, uuidV7 } from './uuid';
