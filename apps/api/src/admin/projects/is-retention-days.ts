import { registerDecorator } from 'class-validator';

/** Younger events are not in the archive, whose files are what is dropped. */
const LEAST_DAYS = 7;
const MOST_DAYS = 36_500;

/** What the document says of such a field. */
export const RETENTION_DAYS = {
  oneOf: [{ type: 'integer', minimum: LEAST_DAYS, maximum: MOST_DAYS }, { type: 'null' }],
};

/** How many days a project keeps its events; null: for ever. */
export function IsRetentionDays(): PropertyDecorator {
  return (target, property) => {
    registerDecorator({
      name: 'isRetentionDays',
      target: target.constructor,
      propertyName: String(property),
      options: { message: `must be a whole number from ${LEAST_DAYS} to ${MOST_DAYS}, or null for ever` },
      validator: {
        validate: (value: unknown) =>
          value === null ||
          (typeof value === 'number' && Number.isInteger(value) && value >= LEAST_DAYS && value <= MOST_DAYS),
      },
    });
  };
}
