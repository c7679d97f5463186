import { Injectable, SetMetadata, type CanActivate, type CustomDecorator, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { problems, ProblemError } from '../problem';
import { authorize, presentedKey } from './authorize';
import { tellEventsFrom } from './events-from';
import { KeyRing, type Principal, type Scope } from './key-ring';
import { TicketDesk } from './ticket-desk';
import { withoutTicket } from './without-ticket';

const SCOPE = 'scope';
const principals = new WeakMap<Request, Principal>();

/** The scope that a route needs; a route without one is open to all. */
export const RequireScope = (scope: Scope): CustomDecorator => SetMetadata(SCOPE, scope);

/** What `RequireScope` says of a route's handler. */
export const requiredScope = (handler: object): Scope | undefined =>
  Reflect.getMetadata(SCOPE, handler) as Scope | undefined;

/** Lets a request through when its key has the route's scope; a GET that reads, also with a ticket instead of a key. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: KeyRing,
    private readonly tickets: TicketDesk,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const scope = this.reflector.get<Scope | undefined>(SCOPE, context.getHandler());
    if (scope === undefined) return true;
    const request = context.switchToHttp().getRequest<Request>();
    const key = presentedKey(request);
    const byTicket = key === undefined && scope === 'read' && request.method === 'GET' && 'ticket' in request.query;
    const principal = byTicket ? await this.takeTicket(request) : await authorize(key, this.keys, scope);
    principals.set(request, principal);
    if (scope === 'read') tellEventsFrom(context.switchToHttp().getResponse<Response>(), principal);
    return true;
  }

  private async takeTicket(request: Request): Promise<Principal> {
    const { ticket } = request.query;
    // Out of the URL, for whoever comes after: it is no parameter of the route.
    request.url = withoutTicket(request.url);
    const principal = typeof ticket === 'string' ? await this.tickets.take(ticket) : undefined;
    if (principal === undefined) throw new ProblemError(problems.unauthenticated);
    return principal;
  }
}

/** Who is asking; only for routes that require a scope. */
export function principalOf(request: Request): Principal {
  const principal = principals.get(request);
  if (principal === undefined) throw new Error('The route does not require a scope.');
  return principal;
}
