import type { IncomingMessage } from 'node:http';
import { readApiKey } from '@app/persistence';
import { problems, ProblemError } from '../problem';
import type { KeyRing, Principal, Scope } from './key-ring';

/** What may show a key; a call of gRPC has the same names in its metadata. */
interface Keyed {
  readonly headers: {
    readonly 'x-api-key'?: string | string[] | undefined;
    readonly authorization?: string | undefined;
  };
}

/** The key of a request: `X-API-Key`, else a Bearer token. Never a query parameter: URLs end up in logs. */
export function presentedKey(request: Keyed): string | undefined {
  const header = request.headers['x-api-key'];
  if (typeof header === 'string') return header;
  const [scheme, token] = request.headers.authorization?.split(' ') ?? [];
  return scheme?.toLowerCase() === 'bearer' ? token : undefined;
}

const noted = new WeakMap<IncomingMessage, string>();

/** Remembers the key of a request that shows it in another place, for log lines. */
export function notePresentedKey(request: IncomingMessage, key: string): void {
  noted.set(request, key);
}

/** Which key a request shows, valid or not; for log lines. Undefined when it is none, or was mistyped. */
export function presentedKeyId(request: IncomingMessage): string | undefined {
  return readApiKey(noted.get(request) ?? presentedKey(request) ?? '')?.id;
}

function permit(principal: Principal | undefined, scope: Scope): Principal {
  if (principal === undefined) throw new ProblemError(problems.unauthenticated);
  // `admin` includes the other scopes.
  if (!principal.scopes.includes(scope) && !principal.scopes.includes('admin')) {
    throw new ProblemError(problems.forbidden(scope));
  }
  return principal;
}

/**
 * Whose key it is, when it is valid and has the scope. No promise when the key is known already.
 *
 * @throws {ProblemError} 401 or 403.
 * @throws {StoreUnavailableError} when the key is not known and PostgreSQL is away.
 */
export function authorize(key: string | undefined, keys: KeyRing, scope: Scope): Principal | Promise<Principal> {
  const principal = key === undefined ? undefined : keys.authenticate(key);
  return principal instanceof Promise ? principal.then((found) => permit(found, scope)) : permit(principal, scope);
}
