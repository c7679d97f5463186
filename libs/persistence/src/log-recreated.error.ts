import { PipelineError } from '@app/events';

/**
 * The log ends below what was read from it: the topic was made anew under its old name. Going on would skip every new
 * record as one that is known, so consumption stops until an operator has decided.
 */
export class LogRecreatedError extends PipelineError {
  readonly code = 'LOG_RECREATED';
  readonly retriable = false;

  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly logEnd: number,
    readonly nextOffset: number,
  ) {
    super(
      `Partition ${partition} of ${topic} ends at offset ${logEnd}, but offset ${nextOffset} is due: was the topic made anew?`,
    );
  }
}
