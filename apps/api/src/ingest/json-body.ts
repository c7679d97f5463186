import type { JsonValue } from '@app/events';
import { problems, ProblemError } from '../transport/problem';

/** Events that one request may hold. */
export const MAX_EVENTS = 1000;

/** @throws {ProblemError} 400. */
export function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    throw new ProblemError(problems.malformed(`The body is not JSON: ${jsonProblem(error)}`), { cause: error });
  }
}

/** What `JSON.parse` found wrong, in its words. */
export function jsonProblem(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The 422 of a body that is unusable as a whole. @param message goes on after "The body". */
export function invalidBody(code: string, message: string): ProblemError {
  return new ProblemError(problems.invalid(`The body ${message}.`, [{ field: '', code, message }]));
}
