import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { problems, ProblemError } from './problem';

/** Bytes that a body may have as sent, and again after inflating. */
export const MAX_BODY_BYTES = 5_242_880;

/** What a client may send on after its body was refused for size before the connection is cut. */
const MAX_DRAIN_BYTES = 32 * 1024 * 1024;

const inflate = promisify(gunzip);

/**
 * Reads on and throws away, so that a client which writes before it reads still gets its 413, but not for ever: whoever
 * sends much more is cut off.
 */
function drain(request: IncomingMessage): void {
  let drained = 0;
  request.on('data', (chunk: Buffer) => {
    drained += chunk.length;
    if (drained > MAX_DRAIN_BYTES) request.destroy();
  });
}

function collect(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) {
        request.off('data', onData);
        drain(request);
        reject(new ProblemError(problems.tooLarge(MAX_BODY_BYTES)));
      } else chunks.push(chunk);
    };
    request.on('data', onData);
    request.on('end', () => {
      const [only] = chunks;
      resolve(only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, bytes));
    });
    // Node tells of an abort by an error, as a rule; whatever it says, nobody is left to hear an answer.
    request.on('error', (cause) => {
      reject(new RequestAbortedError('The client went away.', { cause }));
    });
    request.on('close', () => {
      // It closes after its end, too; making an error for nobody costs 5 µs.
      if (!request.complete) reject(new RequestAbortedError('The client went away.'));
    });
  });
}

/** The client went away before its body was complete: nobody is left to answer. */
export class RequestAbortedError extends Error {}

async function inflated(body: Buffer): Promise<Buffer> {
  try {
    return await inflate(body, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    const problem = tooLarge ? problems.tooLarge(MAX_BODY_BYTES) : problems.malformed('The body is not valid gzip.');
    throw new ProblemError(problem, { cause: error });
  }
}

/**
 * The body as text, inflated when `Content-Encoding: gzip` says so; a byte order mark is dropped.
 *
 * @throws {ProblemError} 413 over 5 MiB, 415 for another encoding, 400 for broken gzip or UTF-8.
 * @throws {RequestAbortedError}
 */
export async function readText(request: IncomingMessage): Promise<string> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > MAX_BODY_BYTES) {
    drain(request);
    throw new ProblemError(problems.tooLarge(MAX_BODY_BYTES));
  }
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip') {
    throw new ProblemError(
      problems.unsupportedMediaType(`Content-Encoding may be gzip or identity, not "${encoding}".`),
    );
  }
  const sent = await collect(request);
  const body = encoding === 'gzip' ? await inflated(sent) : sent;
  if (!isUtf8(body)) throw new ProblemError(problems.malformed('The body is not valid UTF-8.'));
  const text = body.toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
