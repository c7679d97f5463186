import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const STATUS_OF: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
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
  if (untouched && socket.writable) {
    const status = STATUS_OF[error.code ?? ''] ?? 400;
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\n\r\n`);
  }
  socket.destroy(error);
}
