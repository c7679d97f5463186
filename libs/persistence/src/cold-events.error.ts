import { PipelineError } from '@app/events';

/** Old events could not be read now: too many who want to, too slow, or the files are not to be had. Ask again. */
export class ColdUnavailableError extends PipelineError {
  readonly code = 'COLD_UNAVAILABLE';
  readonly retriable = true;
}

/** A file that the manifest named is gone. A newer manifest names others that have its events. */
export class ColdFileGoneError extends ColdUnavailableError {}
