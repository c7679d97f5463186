import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { ApiParam, ApiProperty, ApiSecurity, ApiTags, type SchemaObject } from '@nestjs/swagger';
import { requiredScope } from '../transport/auth/api-key.guard';
import type { Scope } from '../transport/auth/key-ring';
import { Problems } from './answers';
import { validatorSchema } from './validator-schema';

type MethodName<C> = { [K in keyof C & string]: C[K] extends (...args: never[]) => unknown ? K : never }[keyof C &
  string];

/** Names of the security schemes: the same key in one header or the other. */
export const API_KEY = 'apiKey';
export const BEARER = 'bearer';
/** For Segment's libraries: the key as the user, no password. */
export const BASIC = 'basic';
/** For what a browser loads by URL: one use of one read. */
export const TICKET = 'ticket';

/**
 * Says what the routes of a controller take and answer. Paths, methods and scopes are those of its own decorators; a
 * route that is not described here does not compile.
 */
export function describeController<C>(
  controller: Type<C>,
  tag: string,
  routes: Readonly<Record<MethodName<C>, readonly MethodDecorator[]>>,
): void {
  ApiTags(tag)(controller);
  for (const [name, decorators] of Object.entries<readonly MethodDecorator[]>(routes)) {
    const prototype = controller.prototype as Record<string, unknown>;
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
    if (descriptor === undefined) throw new Error(`${controller.name} has no ${name}.`);
    const handler = descriptor.value as () => unknown;
    const scope = requiredScope(handler);
    const all = scope === undefined ? decorators : [...decorators, NeedsKey(scope)];
    if (scope === 'read' && Reflect.getMetadata(METHOD_METADATA, handler) === RequestMethod.GET)
      ApiSecurity(TICKET, [scope])(prototype, name, descriptor);
    for (const decorate of all) decorate(prototype, name, descriptor);
  }
}

/** The call needs a key; only for routes that ask for it themselves, the guard's are known. */
export function NeedsKey(scope: Scope): MethodDecorator {
  return (target, key, descriptor) => {
    for (const scheme of [API_KEY, BEARER]) ApiSecurity(scheme, [scope])(target, key, descriptor);
    Problems(401, 403, 503)(target, key, descriptor);
  };
}

/** A part of the path. */
export function PathParam(name: string, schema: SchemaObject, example?: string): MethodDecorator {
  return ApiParam({ name, required: true, schema, ...(example === undefined ? {} : { example }) });
}

/** Says what the members of a DTO mean; their types and bounds are those of its validators. */
export function describeDto<D extends object>(
  dto: Type<D>,
  members: Readonly<Record<keyof D & string, string | SchemaObject>>,
): void {
  for (const [name, given] of Object.entries<string | SchemaObject>(members)) {
    const own = typeof given === 'string' ? { description: given } : given;
    const options = { ...validatorSchema(dto, name), ...own };
    ApiProperty(options as Parameters<typeof ApiProperty>[0])(dto.prototype as object, name);
  }
}
