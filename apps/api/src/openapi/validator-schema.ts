import type { Type } from '@nestjs/common';
import type { SchemaObject } from '@nestjs/swagger';
import { getMetadataStorage } from 'class-validator';

type PropertySchema = Omit<SchemaObject, 'required'> & { readonly required: boolean };

/** What a validator of class-validator says in a schema. */
const SCHEMA_OF: Readonly<Record<string, (constraint: unknown) => SchemaObject>> = {
  isInt: () => ({ type: 'integer' }),
  isNumber: () => ({ type: 'number' }),
  isString: () => ({ type: 'string' }),
  isBoolean: () => ({ type: 'boolean' }),
  isObject: () => ({ type: 'object', additionalProperties: true }),
  isArray: () => ({ type: 'array' }),
  isUuid: () => ({ type: 'string', format: 'uuid' }),
  min: (bound) => ({ minimum: Number(bound) }),
  max: (bound) => ({ maximum: Number(bound) }),
  minLength: (bound) => ({ minLength: Number(bound) }),
  maxLength: (bound) => ({ maxLength: Number(bound) }),
  isIn: (values) => ({ enum: [...(values as unknown[])] }),
  isLabel: () => ({ type: 'string', minLength: 1, maxLength: 200 }),
  matches: (pattern) => ({ pattern: (pattern as RegExp).source }),
};

/** The schema of one member of a DTO, out of its validators and its default. */
export function validatorSchema(dto: Type<object>, name: string): PropertySchema {
  const rules = getMetadataStorage()
    .getTargetValidationMetadatas(dto, '', false, false)
    .filter((rule) => rule.propertyName === name);
  const fallback = (new dto() as Record<string, unknown>)[name];
  const schema: SchemaObject = {};
  for (const { name: rule, constraints, each } of rules) {
    // What holds for each item says nothing of the array.
    if (rule !== undefined && !each)
      Object.assign(schema, SCHEMA_OF[rule]?.((constraints as unknown[] | undefined)?.[0]));
  }
  const optional = rules.some(({ type }) => type === 'conditionalValidation');
  return {
    ...schema,
    ...(fallback === undefined ? {} : { default: fallback }),
    required: !optional && fallback === undefined,
  };
}
