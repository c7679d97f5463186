export type { Event, JsonObject, JsonValue } from './event';
export { PipelineError } from './pipeline-error';
