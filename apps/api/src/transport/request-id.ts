import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const SANE = /^[A-Za-z0-9._:@+=/-]{1,128}$/;
const ids = new WeakMap<IncomingMessage, string>();

/** The request's id: the client's `X-Request-Id` when it is a sane token, else a fresh one. The same on every call. */
export function requestIdOf(request: IncomingMessage): string {
  const known = ids.get(request);
  if (known !== undefined) return known;
  const sent = request.headers['x-request-id'];
  const id = typeof sent === 'string' && SANE.test(sent) ? sent : randomUUID();
  ids.set(request, id);
  return id;
}
