import { labelProblem } from '@app/events';
import type { EventFilter } from '@app/persistence';
import { INSTANT_MESSAGE, readInstant } from '../transport/instant';
import { problems, ProblemError, type ProblemDetail } from '../transport/problem';
import type { EventFilterDto } from './event-filter.dto';

/**
 * The filter that a client gives; its values obey the rules of the fields.
 *
 * @throws {ProblemError} 422 naming every parameter that is wrong.
 */
export function toEventFilter(given: EventFilterDto): EventFilter {
  const errors: ProblemDetail[] = [];
  const label = (field: 'name' | 'source' | 'user_id'): string | undefined => {
    const value = given[field];
    const problem = value === undefined ? undefined : labelProblem(value);
    if (problem !== undefined) errors.push({ field, ...problem });
    return value;
  };
  const instant = (field: 'from' | 'to'): Date | undefined => {
    const value = given[field];
    const read = readInstant(value);
    if (value !== undefined && read === undefined) errors.push({ field, code: 'format', message: INSTANT_MESSAGE });
    return read;
  };
  const filter = {
    name: label('name'),
    source: label('source'),
    userId: label('user_id'),
    from: instant('from'),
    to: instant('to'),
  };
  const { from, to } = filter;
  if (from !== undefined && to !== undefined && from > to)
    errors.push({ field: 'from', code: 'range', message: 'must not be after to' });
  if (errors.length > 0) throw new ProblemError(problems.invalid('A parameter is not valid.', errors));
  return filter;
}
