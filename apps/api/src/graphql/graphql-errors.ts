import { GraphQLError, type GraphQLErrorExtensions, type GraphQLFormattedError } from 'graphql';
import type { PinoLogger } from 'nestjs-pino';
import type { Problem } from '../transport/problem';
import { toProblem } from '../transport/problem.convert';

/** Errors as clients may read them: in the words of REST, with a stable `code`, and nothing from inside. */
export function toClientErrors(
  errors: readonly GraphQLError[],
  requestId: string,
  logger: PinoLogger,
): readonly GraphQLFormattedError[] {
  return errors.map((error) => toClientError(error, requestId, logger));
}

function toClientError(error: GraphQLError, requestId: string, logger: PinoLogger): GraphQLFormattedError {
  const { originalError } = error;
  const { locations, path } = error.toJSON();
  const place = { ...(locations === undefined ? {} : { locations }), ...(path === undefined ? {} : { path }) };
  if (originalError === undefined || originalError instanceof GraphQLError) {
    // The document's own mistake; what has a code was refused by us.
    const extensions = { code: 'invalid', ...error.extensions };
    return { message: error.message, ...place, extensions };
  }
  const problem = toProblem(originalError, requestId, logger);
  return { message: messageOf(problem), ...place, extensions: extensionsOf(problem) };
}

function messageOf({ detail, errors = [] }: Problem): string {
  return errors.length === 0 ? detail : errors.map(({ field, message }) => `${field} ${message}`).join('; ');
}

function extensionsOf({ code, errors }: Problem): GraphQLErrorExtensions {
  return errors === undefined ? { code } : { code, field: errors[0]?.field, errors };
}
