import type { ServerResponse } from 'node:http';
import type { FormattedExecutionResult } from 'graphql';

export type MediaType = 'application/json' | 'application/graphql-response+json';

const UNAVAILABLE = 'unavailable';

/**
 * The status by GraphQL over HTTP: a request that was executed is 200, whatever became of its fields. One that was not is
 * 400, but 200 for clients that know only `application/json`, whose proxies would answer a 400 themselves. When nothing
 * could be read, since PostgreSQL is away, it is 503 as on every door, and the answer has no `data`.
 */
export function sendResult(response: ServerResponse, type: MediaType, result: FormattedExecutionResult): void {
  if (response.headersSent || response.destroyed) return;
  const away = isUnavailable(result);
  const status = away ? 503 : result.data !== undefined || type === 'application/json' ? 200 : 400;
  const body = Buffer.from(JSON.stringify(away ? { errors: result.errors } : result));
  response.writeHead(status, {
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    ...(away ? { 'Retry-After': '2' } : {}),
  });
  response.end(body);
}

function isUnavailable({ data, errors = [] }: FormattedExecutionResult): boolean {
  const nothing = Object.values(data ?? {}).every((value) => value === null);
  return nothing && errors.some(({ extensions }) => extensions?.['code'] === UNAVAILABLE);
}
