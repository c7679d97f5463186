import type { FormattedExecutionResult } from 'graphql';
import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';

const socketUrl = (url: string): string => `${url.replace(/^http/, 'ws')}/graphql`;

interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/** A WebSocket without a library, for what a well-behaved client does not do. */
export class RawSocket {
  readonly messages: Message[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  private wake: () => void = () => undefined;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => {
      this.messages.push(JSON.parse((data as Buffer).toString()) as Message);
      this.wake();
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.wake();
    });
    socket.on('error', () => {
      this.wake();
    });
  }

  static open(url: string, headers: Record<string, string> = {}, protocols = ['graphql-transport-ws']): RawSocket {
    return new RawSocket(new WebSocket(socketUrl(url), protocols, { headers }));
  }

  /** Sends `connection_init`, once it is open. */
  async init(payload?: object): Promise<void> {
    const { socket } = this;
    if (socket.readyState === socket.CONNECTING)
      await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject));
    this.say({ type: 'connection_init', payload });
  }

  say(message: object | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  subscribe(id: string, query: string, variables: object = {}): void {
    this.say({ id, type: 'subscribe', payload: { query, variables } });
  }

  /** Resolves with the first message that fits, past or to come; undefined when the socket ends without it. */
  async message(fits: (message: Message) => boolean): Promise<Message | undefined> {
    for (;;) {
      const found = this.messages.find(fits);
      if (found !== undefined || this.closed !== undefined) return found;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  /** The type of the first message; undefined when the socket was closed before. */
  async firstWord(): Promise<string | undefined> {
    return (await this.message(() => true))?.type;
  }

  /** Resolves with the code and the reason of the close. */
  async end(): Promise<{ readonly code: number; readonly reason: string }> {
    await this.message(() => false);
    return this.closed!;
  }

  close(): void {
    this.socket.terminate();
  }
}

/** Events of a subscription, by the client that users have. */
export class Subscriber {
  readonly events: Record<string, unknown>[] = [];
  readonly errors: unknown[] = [];
  over = false;
  closed: { readonly code: number; readonly reason: string } | undefined;
  private readonly client: Client;

  constructor(url: string, key: string, query: string, variables: Record<string, unknown> = {}) {
    this.client = createClient({
      url: socketUrl(url),
      webSocketImpl: WebSocket,
      connectionParams: { apiKey: key },
      retryAttempts: 0,
      on: { closed: (event) => (this.closed = event as { code: number; reason: string }) },
    });
    this.client.subscribe(
      { query, variables },
      {
        next: ({ data, errors }: FormattedExecutionResult<Record<string, unknown>>) => {
          if (data?.['eventStream'] !== undefined) this.events.push(data['eventStream'] as Record<string, unknown>);
          this.errors.push(...(errors ?? []));
        },
        error: (error) => {
          this.errors.push(error);
          this.over = true;
        },
        complete: () => (this.over = true),
      },
    );
  }

  stop(): void {
    void this.client.dispose();
  }
}
