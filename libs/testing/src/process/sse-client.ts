import { get, type IncomingMessage } from 'node:http';

/** One message as an EventSource would hand it over; without `data` it is only an id. */
export interface SseMessage {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string | undefined;
}

export interface SseOptions {
  readonly key?: string;
  readonly lastEventId?: string | undefined;
}

/** A client of server-sent events that keeps what came; it does not connect again by itself. */
export class SseClient {
  readonly messages: SseMessage[] = [];
  /** As an EventSource keeps it. */
  lastEventId: string | undefined;
  /** Resolves when the stream is over, from whichever side. */
  readonly closed: Promise<void>;
  private isOver = false;
  private rest = '';

  private constructor(private readonly response: IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      this.take(text);
    });
    response.on('error', () => undefined); // a reset is an end, too
    this.closed = new Promise((resolve) => {
      response.on('close', () => {
        this.isOver = true;
        resolve();
      });
    });
  }

  static open(url: string, { key, lastEventId }: SseOptions): Promise<SseClient> {
    const headers = {
      ...(key === undefined ? {} : { 'X-API-Key': key }),
      ...(lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId }),
    };
    return new Promise((resolve, reject) => {
      get(url, { headers, agent: false }, (response) => {
        resolve(new SseClient(response));
      }).on('error', reject);
    });
  }

  get status(): number {
    return this.response.statusCode ?? 0;
  }

  header(name: string): string | undefined {
    const value = this.response.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  get over(): boolean {
    return this.isOver;
  }

  /** What came as an event of the log. */
  get events(): Readonly<Record<string, unknown>>[] {
    const shown = this.messages.filter(({ event, data }) => event === 'message' && data !== undefined);
    return shown.map(({ data }) => JSON.parse(data ?? '') as Record<string, unknown>);
  }

  /** `data.n` of those. */
  get numbers(): unknown[] {
    return this.events.map(({ data }) => (data as { readonly n?: unknown }).n);
  }

  /** Reads no more. */
  stall(): void {
    this.response.pause();
    this.response.socket.pause();
  }

  close(): void {
    this.response.destroy();
  }

  private take(text: string): void {
    const blocks = (this.rest + text).split('\n\n');
    this.rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map((line) => [line.split(':', 1)[0] ?? '', line.replace(/^[^:]*: ?/, '')]),
      );
      const id = fields.get('id');
      if (id !== undefined) this.lastEventId = id;
      this.messages.push({ id, event: fields.get('event') ?? 'message', data: fields.get('data') });
    }
  }
}
