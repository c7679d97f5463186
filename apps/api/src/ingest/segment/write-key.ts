import type { IncomingMessage } from 'node:http';
import { isObject } from '@app/events';
import { notePresentedKey, presentedKey } from '../../transport/auth/authorize';

/** The user of `Authorization: Basic`, which is where Segment's libraries put the key; they leave the password empty. */
function basicUser({ headers }: IncomingMessage): string | undefined {
  const [scheme, credentials] = headers.authorization?.split(' ') ?? [];
  if (scheme?.toLowerCase() !== 'basic' || credentials === undefined) return undefined;
  const user = Buffer.from(credentials, 'base64').toString('utf8').split(':')[0];
  return user === '' ? undefined : user;
}

/** The key in the headers of a request: Basic, else Bearer or `X-API-Key`. */
export function headerKey(request: IncomingMessage): string | undefined {
  const user = basicUser(request);
  if (user === undefined) return presentedKey(request);
  notePresentedKey(request, user);
  return user;
}

/** The key in the body of a request, where browsers put it. */
export function bodyKey(request: IncomingMessage, body: unknown): string | undefined {
  const key = isObject(body) ? body['writeKey'] : undefined;
  if (typeof key !== 'string') return undefined;
  notePresentedKey(request, key);
  return key;
}
