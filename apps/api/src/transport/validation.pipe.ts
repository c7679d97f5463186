import { ValidationPipe, type ValidationError } from '@nestjs/common';
import { problems, ProblemError, type ProblemDetail } from './problem';

function toDetails(error: ValidationError): ProblemDetail[] {
  const { whitelistValidation, ...constraints } = error.constraints ?? {};
  if (whitelistValidation !== undefined) {
    return [{ field: error.property, code: 'unknown_field', message: 'is not a parameter of this call' }];
  }
  // Several rules may word one refusal alike: `limit` is one mistake, not three.
  return [...new Set(Object.values(constraints))].map((message) => ({ field: error.property, code: 'range', message }));
}

/** Checks parameters against their DTO; what the DTO does not name is refused, not dropped. */
export function strictValidation(): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    exceptionFactory: (errors) =>
      new ProblemError(problems.invalid('A parameter is not valid.', errors.flatMap(toDetails))),
  });
}
