import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const SANE = /^[A-Za-z0-9._:@+=/-]{1,128}$/;
const ids = new WeakMap<IncomingMessage, string>();

/** The request's id: the client's `X-Request-Id` when it is a sane token, else a fresh one. The same on every call. */
export function requestIdOf(request: IncomingMessage): string {
  const known = ids.get(request);
  if (known !== undefined) return known;
  const id = saneRequestId(request.headers['x-request-id']);
  ids.set(request, id);
  return id;
}

/** What a client has sent as its request's id when it is a sane token, else a fresh id. */
export function saneRequestId(sent: unknown): string {
  return typeof sent === 'string' && SANE.test(sent) ? sent : randomUUID();
}
