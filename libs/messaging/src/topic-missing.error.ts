import { PipelineError } from '@app/events';

/** The cluster answers and has no such topic. Nobody makes it by accident: its settings carry promises. */
export class TopicMissingError extends PipelineError {
  readonly code = 'TOPIC_MISSING';
  readonly retriable = true;

  constructor(topic: string, options?: ErrorOptions) {
    super(`There is no topic ${topic}. Make it with "npm run migration:up" or "millrace migrate".`, options);
  }
}
