import type { BadField } from '../bad-events';

/** An API to send to. */
export interface Target {
  readonly url: string;
  /** Address of its gRPC server; without it nothing is sent there. */
  readonly grpc?: string;
  readonly key: string;
}

/** What a door said to one bad event. */
export interface Refusal {
  readonly status: number | string;
  /** Empty where its clients are told nothing. */
  readonly errors: readonly { readonly field: string; readonly code: string }[];
}

/** One way in, as the tests on bad input use it. */
export interface Door {
  readonly name: string;
  /** What it says to a bad event. */
  readonly refused: number | string;
  /** True for a door that keeps what it refuses as dead letters and tells its clients nothing. */
  readonly silent?: boolean;
  /** The place of a refusal in this door's words. */
  path(field: string): string;
  /** Sends one event with a field of this JSON; undefined when it has no way to say that. */
  send(target: Target, requestId: string, at: BadField, json: string): Promise<Refusal> | undefined;
}

/** A request to a door that speaks HTTP. */
export interface HttpMessage {
  readonly path: string;
  readonly method?: 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export async function sendHttp(target: Target, requestId: string, message: HttpMessage): Promise<Refusal> {
  const { path, method = 'POST', headers, body } = message;
  const answer = await fetch(`${target.url}${path}`, {
    method,
    headers: { 'X-API-Key': target.key, 'X-Request-Id': requestId, ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  const said = (await answer.json()) as Partial<Refusal>;
  return { status: answer.status, errors: said.errors ?? [] };
}

/** An HTTP door, by what it sends for a value. */
export function httpDoor(
  {
    words,
    ...door
  }: Pick<Door, 'name' | 'refused' | 'silent'> & { words?: Readonly<Record<string, string>> | undefined },
  render: (at: BadField, json: string) => HttpMessage | undefined,
): Door {
  return {
    ...door,
    path: (field) => field.replace(/^\w+/, (first) => words?.[first] ?? first),
    send: (target, requestId, at, json) => {
      const message = render(at, json);
      return message === undefined ? undefined : sendHttp(target, requestId, message);
    },
  };
}
