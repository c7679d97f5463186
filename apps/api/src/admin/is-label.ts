import { registerDecorator, type ValidationArguments } from 'class-validator';
import { labelProblem } from '@app/events';

const problemOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? labelProblem(value)?.message : 'must be a string';

/** A name by the rules of events: 1 to 200 characters, no control characters. */
export function IsLabel(): PropertyDecorator {
  return (target, property) => {
    registerDecorator({
      name: 'isLabel',
      target: target.constructor,
      propertyName: String(property),
      validator: {
        validate: (value: unknown) => problemOf(value) === undefined,
        defaultMessage: (given?: ValidationArguments) => problemOf(given?.value) ?? 'is not valid',
      },
    });
  };
}
