import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { problemBody, problems, type Problem } from './problem';

const UNREADABLE = problems.malformed('The request is no HTTP/1.1.');
const PROBLEM_OF: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: problems.headersTooLarge(),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { ...UNREADABLE, status: 413, detail: 'The chunks have too many extensions.' },
  ERR_HTTP_REQUEST_TIMEOUT: problems.tooSlow(),
};

/** Node keeps the response that a connection waits for next here; its own handler of these errors looks at it too. */
interface HttpSocket extends Socket {
  readonly _httpMessage?: ServerResponse | null;
}

/**
 * Answers what the HTTP parser could not read, and ends the connection. Node's own handler does the same, but also
 * when a whole request before it is not answered yet: the client would take the 400 for the answer to that one and
 * read "not stored" of events that are. Then the connection ends without a word, which means unknown.
 */
export function answerUnreadable(error: NodeJS.ErrnoException, socket: HttpSocket): void {
  const awaited = socket._httpMessage ?? undefined;
  const untouched = awaited === undefined || (!awaited.headersSent && !awaited.req.complete);
  if (untouched && socket.writable) socket.write(rawProblem(PROBLEM_OF[error.code ?? ''] ?? UNREADABLE, randomUUID()));
  socket.destroy(error);
}

/** A problem as a whole, for connections that have no response of Node's. */
export function rawProblem(problem: Problem, requestId: string): string {
  const body = JSON.stringify(problemBody(requestId, problem));
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    'Connection: close',
    ...Object.entries(problem.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    '',
    body,
  ].join('\r\n');
}
