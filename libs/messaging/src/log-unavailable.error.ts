import { PipelineError } from '@app/events';

/** The log's servers do not answer, or not all of them yet. */
export class LogUnavailableError extends PipelineError {
  readonly code = 'LOG_UNAVAILABLE';
  readonly retriable = true;
}
