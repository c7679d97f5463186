import type { IncomingMessage, ServerResponse } from 'node:http';

/** Browsers keep the answer to a preflight no longer than this, whatever is said: two hours. */
const MAX_AGE_SECONDS = 7200;

/** Lets pages of any origin read the answer. Write keys are made for pages, and no cookie means anything here. */
export function allowOrigin(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Vary', 'Origin');
  const { origin } = request.headers;
  if (origin === undefined) return;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', 'Retry-After');
}

/** Answers a preflight. */
export function answerPreflight(request: IncomingMessage, response: ServerResponse, method: 'GET' | 'POST'): void {
  allowOrigin(request, response);
  response.setHeader('Access-Control-Allow-Methods', `${method}, OPTIONS`);
  response.setHeader('Access-Control-Allow-Headers', 'authorization, content-type, x-retry-count');
  response.setHeader('Access-Control-Max-Age', MAX_AGE_SECONDS);
  response.writeHead(204).end();
}
