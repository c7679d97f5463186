import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** API keys of the Kafka protocol that tests wait for. */
export const KafkaApi = { produce: 0, fetch: 1, offsetCommit: 8 } as const;

/** Asked for each request of a client; false drops it, and all that this connection sends after it. */
export type RequestGate = (apiKey: number) => boolean;

/**
 * Stands between a client and a broker and sees every request, so that a test can act at an exact point of the
 * protocol: after the database has committed and before the broker hears of the offset. Give the broker a listener that
 * advertises the proxy's port (`proxied`).
 */
export class KafkaProxy {
  /** Set by the test; lets everything pass at first. */
  gate: RequestGate = () => true;
  private readonly sockets = new Set<Socket>();
  private target = 0;

  private constructor(private readonly server: Server) {}

  static async listen(): Promise<KafkaProxy> {
    const proxy = new KafkaProxy(
      createServer((client) => {
        proxy.relay(client);
      }),
    );
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Where the broker's proxied listener is. */
  forwardTo(port: number): void {
    this.target = port;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private relay(client: Socket): void {
    const broker = connect(this.target, '127.0.0.1');
    for (const socket of [client, broker]) {
      socket.setNoDelay(true);
      this.sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        client.destroy();
        broker.destroy();
      });
    }
    broker.pipe(client);
    let rest = Buffer.alloc(0);
    let open = true;
    client.on('data', (chunk: Buffer) => {
      if (!open) return;
      rest = Buffer.concat([rest, chunk]);
      // A request is its length in four bytes, then its API key in two.
      while (open && rest.length >= 6) {
        const end = 4 + rest.readInt32BE(0);
        if (rest.length < end) return;
        open = this.gate(rest.readInt16BE(4));
        if (open) broker.write(rest.subarray(0, end));
        rest = rest.subarray(end);
      }
    });
  }
}
