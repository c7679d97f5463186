import { problems, ProblemError } from '../transport/problem';
import type { Arguments } from './read-arguments';

/** Bytes that the body of a request may have. */
export const MAX_REQUEST_BYTES = 262_144;

/** A request as GraphQL over HTTP has it (https://graphql.github.io/graphql-over-http/draft/). */
export interface GraphqlParameters {
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Arguments;
}

/** Of a body, or of a message: members that are not known are ignored, as the specification has it. @throws {ProblemError} 400. */
export function readParameters(body: unknown): GraphqlParameters {
  if (!isMap(body)) throw malformed('The request must be a JSON object; batches of operations are not taken.');
  const { query, operationName = null, variables = null, extensions = null } = body;
  if (typeof query !== 'string') throw malformed('query must be a string: the document.');
  if (operationName !== null && typeof operationName !== 'string') throw malformed('operationName must be a string.');
  if (variables !== null && !isMap(variables)) throw malformed('variables must be a JSON object.');
  if (extensions !== null && !isMap(extensions)) throw malformed('extensions must be a JSON object.');
  return { query, operationName: operationName ?? undefined, variables: variables ?? {} };
}

/** Of a GET. @throws {ProblemError} 400. */
export function readUrlParameters(given: Readonly<Record<string, unknown>>): GraphqlParameters {
  const { query, operationName, variables, extensions } = given;
  return readParameters({
    query,
    operationName: operationName === '' ? undefined : operationName,
    variables: fromJson('variables', variables),
    extensions: fromJson('extensions', extensions),
  });
}

function fromJson(name: string, text: unknown): unknown {
  if (text === undefined || text === '') return undefined;
  try {
    return typeof text === 'string' ? (JSON.parse(text) as unknown) : text;
  } catch (error) {
    throw new ProblemError(problems.malformed(`${name} must be JSON.`), { cause: error });
  }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(detail: string): ProblemError {
  return new ProblemError(problems.malformed(detail));
}
