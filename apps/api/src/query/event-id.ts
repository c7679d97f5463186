import { isUuid } from '@app/events';
import { problems, ProblemError } from '../transport/problem';

/** The id in a path, in lower case. @throws {ProblemError} 422 for what is no UUID. */
export function readEventId(text: string): string {
  if (isUuid(text)) return text.toLowerCase();
  const error = { field: 'event_id', code: 'format', message: 'must be a UUID' };
  throw new ProblemError(problems.invalid('The id in the path is no UUID.', [error]));
}
