import { connect, type Socket } from 'node:net';

/** A TCP connection that says what it is told, right or wrong, and keeps what comes back. */
export class RawConnection {
  /** Everything received so far. */
  received = '';
  /** Resolves when the server, or the network, has ended it. */
  readonly closed: Promise<void>;
  private open = true;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => (this.received += chunk.toString('latin1')));
    socket.on('error', () => undefined); // a reset is an answer too; `close` follows
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.open = false;
        resolve();
      });
    });
  }

  static to(port: number): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.off('error', reject);
        resolve(new RawConnection(socket));
      });
      socket.once('error', reject);
    });
  }

  get isOpen(): boolean {
    return this.open;
  }

  /** Status codes of the answers so far. */
  get statuses(): number[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }

  /** Resolves once it is written, or the connection is over. */
  write(text: string | Buffer): Promise<void> {
    return new Promise((resolve) => {
      if (!this.open) resolve();
      else {
        // Not at once: a writer that never lets the loop turn does not see that the connection is over.
        this.socket.write(text, () => setImmediate(resolve));
      }
    });
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** The head of `POST /api/v1/events`, up to and with its empty line. */
export function postHead(key: string, headers: Readonly<Record<string, string | number>>): string {
  const all = { Host: 'x', 'X-API-Key': key, 'Content-Type': 'application/json', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /api/v1/events HTTP/1.1\r\n${lines.join('')}\r\n`;
}
