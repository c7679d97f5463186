import { ValidationPipe, type ArgumentMetadata, type ValidationError } from '@nestjs/common';
import { problems, ProblemError, type ProblemDetail } from './problem';

const UNKNOWN = 'is not a parameter of this call';

function toDetails(error: ValidationError): ProblemDetail[] {
  const { whitelistValidation, ...constraints } = error.constraints ?? {};
  if (whitelistValidation !== undefined) {
    return [{ field: error.property, code: 'unknown_field', message: UNKNOWN }];
  }
  // Several rules may word one refusal alike: `limit` is one mistake, not three.
  return [...new Set(Object.values(constraints))].map((message) => ({ field: error.property, code: 'range', message }));
}

/** class-transformer drops these two without a word, before anything could refuse them. */
const DROPPED = ['__proto__', 'constructor'];

class StrictValidationPipe extends ValidationPipe {
  override transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const given =
      typeof value === 'object' && value !== null ? DROPPED.filter((name) => Object.hasOwn(value, name)) : [];
    if (given.length === 0) return super.transform(value, metadata);
    const errors = given.map((field) => ({ field, code: 'unknown_field', message: UNKNOWN }));
    throw new ProblemError(problems.invalid('A parameter is not valid.', errors));
  }
}

/** Checks parameters against their DTO; what the DTO does not name is refused, not dropped. */
export function strictValidation(): ValidationPipe {
  return new StrictValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    exceptionFactory: (errors) =>
      new ProblemError(problems.invalid('A parameter is not valid.', errors.flatMap(toDetails))),
  });
}
