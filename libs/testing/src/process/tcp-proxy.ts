import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands between a program and a server, to take the server away without stopping it for others. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private away = false;

  private constructor(private readonly server: Server) {}

  static async to(port: number, host = '127.0.0.1'): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server);
    server.on('connection', (client) => {
      proxy.relay(client, () => connect(port, host));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Ends every connection and lets none in. */
  cut(): void {
    this.away = true;
    for (const socket of this.sockets) socket.destroy();
  }

  heal(): void {
    this.away = false;
  }

  async close(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private relay(client: Socket, open: () => Socket): void {
    if (this.away) {
      client.destroy();
      return;
    }
    const server = open();
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.pipe(server).pipe(client);
  }
}
