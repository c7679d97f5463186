import type { ServerResponse } from 'node:http';

/** One entry of `errors`: which event (in a batch), which field, what is wrong. */
export interface ProblemDetail {
  readonly index?: number;
  readonly field: string;
  readonly code: string;
  readonly message: string;
}

/** What a refusal says, before it is put on the wire as `application/problem+json` (RFC 9457). */
export interface Problem {
  readonly status: number;
  /** Stable, for programs; becomes the last part of `type`. */
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly errors?: readonly ProblemDetail[];
  /** Ids by which the client can send again, or ask; in the order of the request, null where an event was refused. */
  readonly event_ids?: readonly (string | null)[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** `application/problem+json`. */
export interface ProblemBody extends Pick<Problem, 'title' | 'status' | 'detail' | 'errors' | 'event_ids'> {
  readonly type: string;
  readonly request_id: string;
}

/** Ends a request with a problem; the transport's filter writes it. */
export class ProblemError extends Error {
  constructor(
    readonly problem: Problem,
    options?: ErrorOptions,
  ) {
    super(problem.detail, options);
    this.name = 'ProblemError';
  }
}

/** A problem as it goes on the wire; the order of the members is that of the text. */
export function problemBody(requestId: string, problem: Problem): ProblemBody {
  const { status, code, title, detail, errors, event_ids } = problem;
  const body = { type: `urn:millrace:problem:${code}`, title, status, detail, request_id: requestId };
  return {
    ...body,
    ...(errors === undefined ? {} : { errors }),
    ...(event_ids === undefined ? {} : { event_ids }),
  };
}

/** Writes the answer of a refused request. Does nothing when the client is gone. */
export function sendProblem(response: ServerResponse, requestId: string, problem: Problem): void {
  if (response.headersSent || response.destroyed) return;
  const { status, headers } = problem;
  const body = Buffer.from(JSON.stringify(problemBody(requestId, problem)));
  response.writeHead(status, {
    ...headers,
    'Content-Type': 'application/problem+json',
    'Content-Length': body.length,
    'X-Request-Id': requestId,
  });
  response.end(body);
}

const UNAUTHENTICATED: Problem = {
  status: 401,
  code: 'unauthenticated',
  title: 'No valid API key',
  detail: 'Send an API key in X-API-Key, or in Authorization as a Bearer token.',
  headers: { 'WWW-Authenticate': 'Bearer realm="millrace"' },
};

/** The problems that more than one place answers with. */
export const problems = {
  unauthenticated: UNAUTHENTICATED,

  forbidden: (scope: string): Problem => ({
    status: 403,
    code: 'forbidden',
    title: 'The key lacks a scope',
    detail: `This call needs a key with the scope "${scope}".`,
  }),

  foreignProjects: (): Problem => ({
    status: 403,
    code: 'forbidden',
    title: 'The key belongs to one project',
    detail: 'This call needs a key of project "default" with the scope "admin".',
  }),

  malformed: (detail: string): Problem => ({
    status: 400,
    code: 'malformed',
    title: 'The request cannot be read',
    detail,
  }),

  invalid: (detail: string, errors: readonly ProblemDetail[]): Problem => ({
    status: 422,
    code: 'invalid',
    title: 'The request breaks the contract',
    detail,
    errors,
  }),

  tooLarge: (limitBytes: number): Problem => ({
    status: 413,
    code: 'too-large',
    title: 'The body is too large',
    detail: `A body may have at most ${limitBytes} bytes, as sent and after inflating.`,
  }),

  unsupportedMediaType: (detail: string): Problem => ({
    status: 415,
    code: 'unsupported-media-type',
    title: 'The body has a form that this call does not take',
    detail,
  }),

  tooSlow: (): Problem => ({
    status: 408,
    code: 'too-slow',
    title: 'The request did not arrive in time',
    detail: 'Its headers may take 10 seconds, all of it 30.',
  }),

  headersTooLarge: (): Problem => ({
    status: 431,
    code: 'headers-too-large',
    title: 'The headers are too large',
    detail: 'The path and the headers may have 8192 bytes together.',
  }),

  notFound: (detail: string): Problem => ({ status: 404, code: 'not-found', title: 'Not found', detail }),

  methodNotAllowed: (methods: readonly string[]): Problem => ({
    status: 405,
    code: 'method-not-allowed',
    title: 'The path does not know this method',
    detail: `This path takes ${methods.join(', ')}.`,
    headers: { Allow: methods.join(', ') },
  }),

  /** @param retryAfterSeconds whole seconds: clients read no fractions (RFC 9110, section 10.2.3). */
  limited: (
    retryAfterSeconds: number,
    rate: { readonly eventsPerSecond: number; readonly burst: number },
  ): Problem => ({
    status: 429,
    code: 'limited',
    title: 'Too many events',
    detail: 'The key has sent more events than it may. Nothing of this request was taken: send it again later.',
    headers: {
      'Retry-After': String(retryAfterSeconds),
      'RateLimit-Limit': String(rate.eventsPerSecond),
      'RateLimit-Remaining': '0',
      'RateLimit-Reset': String(retryAfterSeconds),
      'RateLimit-Policy': `${rate.eventsPerSecond};w=1;burst=${rate.burst}`,
    },
  }),

  /** Ingest: the log did not confirm. Whether the events are on it is unknown; the ids make a retry safe. */
  unconfirmed: (eventIds: readonly (string | null)[]): Problem => ({
    status: 503,
    code: 'unconfirmed',
    title: 'The events are not confirmed',
    detail: 'The event log did not confirm in time. Send the same events with these ids again: none is stored twice.',
    event_ids: eventIds,
    headers: { 'Retry-After': '2' },
  }),

  /** No room for the body. It was not read to its end, so there are no ids to tell. */
  overloaded: (): Problem => ({
    status: 503,
    code: 'overloaded',
    title: 'Too much at once',
    detail:
      'This process reads as many request bodies as it may hold. Nothing of this request was taken: send it again.',
    headers: { 'Retry-After': '1' },
  }),

  tooManyExports: (): Problem => ({
    status: 429,
    code: 'too-many-exports',
    title: 'Too many exports at once',
    detail: 'This process runs as many exports as it may, or as many as one project may have. Ask again later.',
    headers: { 'Retry-After': '5' },
  }),

  tooManyErasures: (): Problem => ({
    status: 429,
    code: 'too-many-erasures',
    title: 'Too many erasures at once',
    detail: 'As many erasures of this project wait or go on as may. This one was not taken: ask for it again later.',
    headers: { 'Retry-After': '5' },
  }),

  tooManyStreams: (): Problem => ({
    status: 429,
    code: 'too-many-streams',
    title: 'Too many live streams',
    detail: 'This process has as many live streams as it may. Ask again later.',
    headers: { 'Retry-After': '5' },
  }),

  tooSlowToFollow: (): Problem => ({
    status: 503,
    code: 'behind',
    title: 'Too slow',
    detail: 'The subscriber was too far behind the others. Events are missing from here on: subscribe again.',
  }),

  followingLost: (): Problem => ({
    status: 503,
    code: 'lost',
    title: 'The stream has a hole',
    detail: 'The log could not be followed without a hole. Events are missing from here on: subscribe again.',
  }),

  notReady: (): Problem => ({
    status: 503,
    code: 'not-ready',
    title: 'Not ready',
    detail: 'The process is starting or stopping.',
    headers: { 'Retry-After': '2' },
  }),

  unavailable: (): Problem => ({
    status: 503,
    code: 'unavailable',
    title: 'The database is not available',
    detail: 'PostgreSQL does not answer, or cannot do this now. Try again in a moment.',
    headers: { 'Retry-After': '2' },
  }),

  internal: (): Problem => ({
    status: 500,
    code: 'internal',
    title: 'Internal error',
    detail: 'The server made a mistake. The request id leads to its log line.',
  }),
} as const;
