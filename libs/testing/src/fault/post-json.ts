import { request, type Agent } from 'node:http';

export interface JsonPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly agent: Agent;
  readonly timeoutMs: number;
}

export interface JsonAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Resolves with an answer that arrived whole, or with undefined: refused, reset, cut off in the middle, timed out, no
 * JSON. Nothing but a whole answer tells what became of a request.
 */
export function postJson({ url, headers, body, agent, timeoutMs }: JsonPost): Promise<JsonAnswer | undefined> {
  return new Promise((resolve) => {
    const giveUp = (): void => {
      resolve(undefined);
    };
    const signal = AbortSignal.timeout(timeoutMs);
    const outgoing = request(url, {
      method: 'POST',
      agent,
      signal,
      headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    });
    outgoing.on('error', giveUp);
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', giveUp);
      response.on('end', () => {
        resolve(answerOf(response.statusCode, chunks));
      });
    });
    outgoing.end(body);
  });
}

function answerOf(status: number | undefined, chunks: readonly Buffer[]): JsonAnswer | undefined {
  if (status === undefined) return undefined;
  try {
    return { status, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown };
  } catch {
    return undefined;
  }
}
