import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to a request instead of being passed on. */
export type Trouble = 'away' | 'slow-down' | 'cut-answer' | 'spoil-body';

/** Stands between a client and an S3 server, on whose signatures it does not touch. */
export class S3Relay {
  /** Methods of the requests that came, and LIST. */
  readonly seen: string[] = [];
  /** Set by the test; asked for each request. */
  trouble: (method: string, count: number) => Trouble | undefined | Promise<undefined> = () => undefined;
  /** As a server that keeps no checksums. */
  withoutChecksums = false;

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {}

  static async to(target: number): Promise<S3Relay> {
    const server = createServer();
    const relay = new S3Relay(server, target);
    server.on('request', (from: IncomingMessage, to: ServerResponse) => {
      void relay.pass(from, to);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return relay;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async pass(from: IncomingMessage, to: ServerResponse): Promise<void> {
    const { method: verb = '', url: path = '', headers } = from;
    const method = path.includes('list-type=') ? 'LIST' : verb;
    this.seen.push(method);
    const trouble = await this.trouble(method, this.seen.filter((each) => each === method).length);
    if (trouble === 'away') {
      from.socket.destroy();
      return;
    }
    if (trouble === 'slow-down') {
      to.writeHead(503, { 'content-type': 'application/xml', connection: 'close' });
      to.end('<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>');
      return;
    }
    const onwards = request({ host: '127.0.0.1', port: this.target, method: verb, path, headers }, (answer) => {
      const given = Object.entries(answer.headers).filter(
        ([name]) => !this.withoutChecksums || !name.startsWith('x-amz-checksum'),
      );
      to.writeHead(answer.statusCode ?? 500, Object.fromEntries(given));
      answer.on('data', (chunk: Buffer) => {
        to.write(trouble === 'cut-answer' ? chunk.subarray(0, 10) : chunk);
        if (trouble === 'cut-answer') setImmediate(() => from.socket.destroy());
      });
      answer.once('end', () => to.end());
    });
    onwards.once('error', () => from.socket.destroy());
    from.on('data', (chunk: Buffer) => {
      if (trouble === 'spoil-body') chunk[0] = (chunk[0] ?? 0) ^ 1;
      onwards.write(chunk);
    });
    from.once('end', () => onwards.end());
  }
}
