import type { ApiReply } from './api-answer';
import type { Endpoint } from './endpoint';

/** Posts the text of a JSON array of events. */
export type PostEvents = (body: string) => Promise<ApiReply>;

/** Longer than the API waits for the log (10 s) and takes to read a request (30 s). */
const TIMEOUT_MS = 40_000;

export function postEventsTo(endpoint: Endpoint): PostEvents {
  const url = `${endpoint.url.replace(/\/+$/, '')}/api/v1/events`;
  const headers = { 'content-type': 'application/json', 'x-api-key': endpoint.key, 'user-agent': 'millrace-cli' };
  return async (body) => {
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      // Following a redirect would show the key to whoever it names.
      const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
      const retryAfter = response.headers.get('retry-after') ?? undefined;
      return { kind: 'answer', status: response.status, retryAfter, body: await response.text() };
    } catch (error) {
      return { kind: 'no-answer', reason: reasonOf(error) };
    }
  };
}

/** fetch says "fetch failed" for everything; what happened is in the cause. */
export function reasonOf(error: unknown): string {
  const root = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(root instanceof Error)) return String(root);
  // Node tries each address of a name; what it then throws has no message of its own.
  const first = root instanceof AggregateError && root.errors[0] instanceof Error ? root.errors[0] : root;
  return first.message;
}
