import { Injectable, SetMetadata, type CanActivate, type CustomDecorator, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { authorize, presentedKey } from './authorize';
import { KeyRing, type Principal, type Scope } from './key-ring';

const SCOPE = 'scope';
const principals = new WeakMap<Request, Principal>();

/** The scope that a route needs; a route without one is open to all. */
export const RequireScope = (scope: Scope): CustomDecorator => SetMetadata(SCOPE, scope);

/** Lets a request through when its key has the route's scope. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: KeyRing,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const scope = this.reflector.get<Scope | undefined>(SCOPE, context.getHandler());
    if (scope === undefined) return true;
    const request = context.switchToHttp().getRequest<Request>();
    principals.set(request, await authorize(presentedKey(request), this.keys, scope));
    return true;
  }
}

/** Who is asking; only for routes that require a scope. */
export function principalOf(request: Request): Principal {
  const principal = principals.get(request);
  if (principal === undefined) throw new Error('The route does not require a scope.');
  return principal;
}
