export { csvEventId } from './csv-event-id';
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
export type { FieldError, FieldErrorCode } from './field-error';
export { JsonText } from './json-text';
export { parseEvent, type Acceptance, type ParsedEvent } from './parse-event';
export { PipelineError } from './pipeline-error';
export { isUuid, uuidV7 } from './uuid';
