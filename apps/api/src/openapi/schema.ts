import type { ReferenceObject, SchemaObject } from '@nestjs/swagger';

/** A schema. One with a title becomes a component of that name in the document, and is written there once. */
export type Schema = SchemaObject | ReferenceObject;

type OptionalKeys<T> = { [K in keyof T & string]-?: object extends Pick<T, K> ? K : never }[keyof T & string];
type RequiredKeys<T> = Exclude<keyof T & string, OptionalKeys<T>>;

/** Members of an object of type T: one that the type gets or loses does not compile until it does here too. */
interface Members<T> {
  readonly required: Readonly<Record<RequiredKeys<T>, Schema>>;
  readonly optional: Readonly<Record<OptionalKeys<T>, Schema>>;
}

/** An object of type T with no members beyond these. */
export function objectOf<T>(title: string, { required, optional }: Members<T>): SchemaObject {
  return {
    title,
    type: 'object',
    properties: { ...required, ...optional },
    required: Object.keys(required),
    additionalProperties: false,
  };
}

export const text = (description: string): SchemaObject => ({ type: 'string', description });
export const uuid = (description: string): SchemaObject => ({ type: 'string', format: 'uuid', description });
export const instant = (description: string): SchemaObject => ({ type: 'string', format: 'date-time', description });
export const count = (description: string): SchemaObject => ({ type: 'integer', minimum: 0, description });
export const anyObject = (description: string): SchemaObject => ({
  type: 'object',
  additionalProperties: true,
  description,
});
export const arrayOf = (items: Schema, rest: SchemaObject = {}): SchemaObject => ({ type: 'array', items, ...rest });
export const orNull = (schema: SchemaObject): SchemaObject => ({
  ...schema,
  type: [...(Array.isArray(schema.type) ? schema.type : [schema.type ?? 'object']), 'null'],
  ...(schema.enum === undefined ? {} : { enum: [...(schema.enum as unknown[]), null] }),
});

/** A page of a list, as every list answers. */
export function pageOf(title: string, item: Schema): SchemaObject {
  return objectOf<{ data: unknown; next_cursor: unknown }>(title, {
    required: {
      data: arrayOf(item),
      next_cursor: orNull(text('Give it as `cursor` for the next page; null at the end.')),
    },
    optional: {},
  });
}
