import { problems, ProblemError } from '../transport/problem';

/** A call that is understood and not done, because of one field. */
export function refused(field: string, code: string, message: string): ProblemError {
  return new ProblemError(problems.invalid('The call was not done.', [{ field, code, message }]));
}
