import net from 'node:net';
import tls from 'node:tls';
import { Kafka, type Cluster, type ISocketFactoryArgs, type SASLOptions } from 'kafkajs';
import type { Logger } from 'pino';
import type { KafkaConfig } from '@app/config';
import { installFetchDecoding } from './fetch-decoding';
import { calmIdleConnections } from './idle-connections';
import { kafkaLogCreator, kafkaLogLevel } from './kafka-log';
import { installProduceEncoding } from './produce-encoding';

export interface KafkaClientOptions {
  readonly requestTimeoutMs: number;
  /** Tries after the first one, at every level of kafkajs: the levels multiply. */
  readonly retries: number;
}

const CONNECT_TIMEOUT_MS = 3000;
const KEEP_ALIVE_MS = 60_000;
const CLOSED = 'The Kafka client is closed.';
/** How soon a new partition is noticed. */
const METADATA_MAX_AGE_MS = 60_000;
const READ_COMMITTED = 1;
const CREATE_CLUSTER = 'private:Kafka:createCluster';

function saslOption({ sasl }: KafkaConfig): { sasl?: SASLOptions } {
  return sasl === undefined ? {} : { sasl };
}

/**
 * One kafkajs client and the sockets it opened. kafkajs can hang on closing, or come back to life after it was closed
 * while joining a group; `destroy` ends it for certain.
 */
export class KafkaClient {
  readonly kafka: Kafka;
  private readonly sockets = new Set<net.Socket>();
  private destroyed = false;

  constructor(config: KafkaConfig, options: KafkaClientOptions, logger: Logger) {
    calmIdleConnections();
    installProduceEncoding();
    installFetchDecoding();
    this.kafka = new Kafka({
      clientId: 'millrace',
      brokers: [...config.brokers],
      ssl: config.ssl,
      ...saslOption(config),
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: options.requestTimeoutMs,
      // All of them: kafkajs has other defaults under NODE_ENV=test (15 retries), and tests must see what users get.
      retry: { initialRetryTime: 200, maxRetryTime: 1000, multiplier: 2, factor: 0.2, retries: options.retries },
      socketFactory: (args) => this.connect(args),
      logLevel: kafkaLogLevel(logger),
      logCreator: kafkaLogCreator(logger),
    });
  }

  /**
   * What kafkajs' own consumer reads through: leaders, offsets and fetches of any partition, without a group around it.
   * kafkajs makes it by a method that it keeps to itself.
   */
  cluster(): Cluster {
    const symbol = Object.getOwnPropertySymbols(this.kafka).find((each) => each.description === CREATE_CLUSTER);
    const hidden = this.kafka as unknown as Record<symbol, ((options: object) => Cluster) | undefined>;
    const create = symbol === undefined ? undefined : hidden[symbol];
    if (create === undefined) throw new Error('This version of kafkajs has no way to its cluster.');
    return create({
      metadataMaxAge: METADATA_MAX_AGE_MS,
      allowAutoTopicCreation: false,
      isolationLevel: READ_COMMITTED,
    });
  }

  /** Closes every connection now and refuses new ones. */
  destroy(): void {
    this.destroyed = true;
    // With an error, or kafkajs does not notice, and its timers keep the process alive.
    for (const socket of this.sockets) socket.destroy(new Error(CLOSED));
  }

  private connect({ host, port, ssl, onConnect }: ISocketFactoryArgs): net.Socket {
    if (this.destroyed) throw new Error(CLOSED);
    // kafkajs hands over what the configuration said, `false` included; its type knows only the options.
    const secure = (ssl as tls.ConnectionOptions | false | undefined) || undefined;
    const servername = net.isIP(host) === 0 ? { servername: host } : {};
    const socket =
      secure === undefined
        ? net.connect({ host, port }, onConnect)
        : tls.connect({ host, port, ...servername, ...secure }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    // kafkajs leaves Nagle's algorithm on: a small request would wait for the answer to the one before.
    socket.setNoDelay(true);
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    return socket;
  }
}
