import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import type { BodyBudget, BodyShare } from './body-budget';
import { problems, ProblemError } from './problem';

/** Bytes that a body may have as sent, and again after inflating. */
export const MAX_BODY_BYTES = 5_242_880;

/** What a client may send on after its body was refused for size before the connection is cut. */
const MAX_DRAIN_BYTES = 32 * 1024 * 1024;

/** Chunks kept side by side; more are joined. A chunk of one byte costs some 200 bytes as long as it stands alone. */
const MAX_LOOSE_CHUNKS = 256;

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

/** The bytes of one body, put together in pieces that are worth their overhead. */
class BodyBytes {
  length = 0;
  private readonly blocks: Buffer[] = [];
  private loose: Buffer[] = [];

  add(chunk: Buffer): void {
    this.length += chunk.length;
    this.loose.push(chunk);
    if (this.loose.length < MAX_LOOSE_CHUNKS) return;
    this.blocks.push(Buffer.concat(this.loose));
    this.loose = [];
  }

  /** Lets go of all of it. Who refuses a body goes on listening for its end, and so would hold what it refused. */
  drop(): void {
    this.blocks.length = 0;
    this.loose = [];
  }

  whole(): Buffer {
    const [only] = this.loose;
    if (only !== undefined && this.loose.length === 1 && this.blocks.length === 0) return only;
    return Buffer.concat([...this.blocks, ...this.loose], this.length);
  }
}

/** @param declared bytes that `share` has already. */
function collect(
  request: IncomingMessage,
  share: BodyShare,
  { declared, maxBytes }: { readonly declared: number; readonly maxBytes: number },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const body = new BodyBytes();
    const refuse = (error: ProblemError): void => {
      request.off('data', onData);
      request.off('end', onEnd);
      body.drop();
      drain(request);
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      try {
        body.add(chunk);
        if (body.length > maxBytes) throw new ProblemError(problems.tooLarge(maxBytes));
        if (declared === 0) share.take(chunk.length);
      } catch (error) {
        refuse(error as ProblemError);
      }
    };
    const onEnd = (): void => {
      resolve(body.whole());
    };
    request.on('data', onData);
    request.on('end', onEnd);
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

/** Piece by piece, so that a small body which inflates to much is known by what it has become, not by what it may. */
function inflated(sent: Buffer, share: BodyShare, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const body = new BodyBytes();
    const gunzip = createGunzip({ chunkSize: 65_536 });
    const fail = (error: ProblemError): void => {
      gunzip.destroy();
      body.drop();
      reject(error);
    };
    gunzip.on('data', (chunk: Buffer) => {
      try {
        body.add(chunk);
        if (body.length > maxBytes) throw new ProblemError(problems.tooLarge(maxBytes));
        share.take(chunk.length);
      } catch (error) {
        fail(error as ProblemError);
      }
    });
    gunzip.on('end', () => {
      resolve(body.whole());
    });
    gunzip.on('error', (cause) => {
      fail(new ProblemError(problems.malformed('The body is not valid gzip.'), { cause }));
    });
    gunzip.end(sent);
  });
}

function isGzip(body: Buffer): boolean {
  return body[0] === 0x1f && body[1] === 0x8b;
}

export interface ReadOptions {
  /** Inflates what begins like gzip (RFC 1952, section 2.3.1), whatever the headers say. No JSON begins like that. */
  readonly sniffGzip: boolean;
  /** Bytes that it may have as sent, and again after inflating. */
  readonly maxBytes: number;
}

const AS_TOLD: ReadOptions = { sniffGzip: false, maxBytes: MAX_BODY_BYTES };

/**
 * The body as text, inflated when `Content-Encoding: gzip` says so; a byte order mark is dropped.
 *
 * @throws {ProblemError} 413 over 5 MiB, 415 for another encoding, 400 for broken gzip or UTF-8, 503 when `budget` has
 *   no room for it.
 * @throws {RequestAbortedError}
 */
export function readText(request: IncomingMessage, budget: BodyBudget): Promise<string> {
  return readBody(request, budget, decodeText);
}

/** The same before it becomes text. */
export function readBytes(request: IncomingMessage, budget: BodyBudget): Promise<Buffer> {
  return readBody(request, budget, (body) => body);
}

/** @throws {ProblemError} 400 when it is not UTF-8. */
export function decodeText(body: Buffer): string {
  if (!isUtf8(body)) throw new ProblemError(problems.malformed('The body is not valid UTF-8.'));
  const text = body.toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** What `form` makes of the body, which counts in `budget` until that is done. Throws what it throws, and as `readText`. */
export async function readBody<T>(
  request: IncomingMessage,
  budget: BodyBudget,
  form: (body: Buffer) => T | Promise<T>,
  { sniffGzip, maxBytes } = AS_TOLD,
): Promise<T> {
  const declared = Number(request.headers['content-length'] ?? 0);
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  const share = budget.open();
  try {
    if (declared > maxBytes) throw new ProblemError(problems.tooLarge(maxBytes));
    if (encoding !== 'identity' && encoding !== 'gzip') {
      throw new ProblemError(
        problems.unsupportedMediaType(`Content-Encoding may be gzip or identity, not "${encoding}".`),
      );
    }
    // All of a body whose length is told, before the first byte: what has begun is not refused half-way.
    share.take(declared);
  } catch (error) {
    drain(request);
    throw error;
  }
  try {
    const sent = await collect(request, share, { declared, maxBytes });
    const inflates = encoding === 'gzip' || (sniffGzip && isGzip(sent));
    const formed = form(inflates ? await inflated(sent, share, maxBytes) : sent);
    return formed instanceof Promise ? await formed : formed;
  } finally {
    // From here on the events count, in the queue in front of the log.
    share.release();
  }
}
