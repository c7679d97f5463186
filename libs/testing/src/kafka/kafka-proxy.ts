import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** API keys of the Kafka protocol that tests wait for. */
export const KafkaApi = { produce: 0, fetch: 1, offsetCommit: 8 } as const;

/** Asked for each request of a client; false drops it, and all that this connection sends after it. */
export type RequestGate = (apiKey: number) => boolean;

const KAFKA_STORAGE_ERROR = 56;

/**
 * Stands between a client and a broker and sees every request, so that a test can act at an exact point of the
 * protocol: after the database has committed and before the broker hears of the offset. Give the broker a listener that
 * advertises the proxy's port (`proxied`).
 */
export class KafkaProxy {
  /** Set by the test; lets everything pass at first. */
  gate: RequestGate = () => true;
  /** Partitions that the broker seems unable to read: a fetch gives an error for them, and records for the others. */
  readonly unreadable = new Set<number>();
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
    const fetches = new Set<number>();
    client.on(
      'data',
      eachFrame((frame) => {
        const apiKey = frame.readInt16BE(4);
        if (apiKey === KafkaApi.fetch) fetches.add(frame.readInt32BE(8));
        const open = this.gate(apiKey);
        if (open) broker.write(frame);
        return open;
      }),
    );
    broker.on(
      'data',
      eachFrame((frame) => {
        if (fetches.delete(frame.readInt32BE(4))) this.spoil(frame);
        return client.write(frame) || true;
      }),
    );
  }

  /** Fetch response, version 11: https://kafka.apache.org/protocol#The_Messages_Fetch */
  private spoil(frame: Buffer): void {
    if (this.unreadable.size === 0) return;
    let at = 8 + 4 + 2 + 4; // length and correlation id; throttle time, error, session
    const int32 = (): number => frame.readInt32BE((at += 4) - 4);
    for (let topics = int32(); topics > 0; topics -= 1) {
      at += 2 + frame.readInt16BE(at);
      for (let partitions = int32(); partitions > 0; partitions -= 1) {
        if (this.unreadable.has(int32())) frame.writeInt16BE(KAFKA_STORAGE_ERROR, at);
        at += 2 + 3 * 8; // error; high watermark, last stable offset, log start
        const abortedTransactions = int32();
        at += 16 * Math.max(0, abortedTransactions) + 4; // preferred replica
        const records = int32();
        at += Math.max(0, records);
      }
    }
  }
}

/** Calls `take` with each frame, which begins with the length of its rest in four bytes, until `take` says false. */
function eachFrame(take: (frame: Buffer) => boolean): (chunk: Buffer) => void {
  let chunks: Buffer[] = [];
  let length = 0;
  let open = true;
  return (chunk) => {
    chunks.push(chunk);
    length += chunk.length;
    while (open && length >= 4) {
      if ((chunks[0]?.length ?? 0) < 4) chunks = [Buffer.concat(chunks)];
      const end = 4 + (chunks[0]?.readInt32BE(0) ?? 0);
      if (length < end) return;
      const all = Buffer.concat(chunks);
      open = take(all.subarray(0, end));
      chunks = [all.subarray(end)];
      length -= end;
    }
  };
}
