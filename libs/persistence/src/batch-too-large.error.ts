import { PipelineError } from '@app/events';

/** One transaction would change too much. Nothing was stored; in smaller batches, and alone in any case, all of it can be. */
export class BatchTooLargeError extends PipelineError {
  readonly code = 'BATCH_TOO_LARGE';
  readonly retriable = true;

  constructor() {
    super('The events of one batch change too much at once.');
  }
}
