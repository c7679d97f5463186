import { PipelineError } from '@app/events';

/** As many erasures of the project wait or go on as may. This one was not taken. */
export class TooManyErasuresError extends PipelineError {
  readonly code = 'TOO_MANY_ERASURES';
  readonly retriable = true;

  constructor() {
    super('Too many erasures of the project are not over.');
  }
}
