export interface KafkaBrokerOptions {
  /** Kept after `stop`; without it the broker works in a temporary folder that `stop` removes. */
  readonly dataDir?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** A second listener, `proxiedPort`, that tells its clients to come back by 127.0.0.1:`advertisedPort`. */
  readonly proxied?: { readonly advertisedPort: number };
  /** Told before something slow, for people who wait. */
  readonly onProgress?: (line: string) => void;
}

/** A real Kafka in a process of its own: one broker that is its own controller. */
export interface KafkaBroker {
  /** host:port. */
  readonly brokers: string;
  /** Port behind which a proxy at the advertised port stands; undefined without `proxied`. */
  readonly proxiedPort: number | undefined;
  readonly dataDir: string;
  /** What the broker printed. */
  readonly logFile: string;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** Starts it again after `kill`, on the same data and ports. */
  start(): Promise<void>;
  /** Shuts down in order; the last thing to call. */
  stop(): Promise<void>;
  /** Shuts down in order and starts again on the same data and ports. */
  restart(): Promise<void>;
  /** SIGKILL; resolves once it is gone. */
  kill(): Promise<void>;
  /** Resolves when its process is gone, for whatever reason. */
  ended(): Promise<void>;
  /** SIGSTOP: connections stay, answers don't come. */
  pause(): void;
  resume(): void;
}

export type KafkaAvailability =
  | { readonly available: true; readonly how: 'given' | 'local' }
  | { readonly available: false; readonly reason: string };

/** Whether there is a Kafka for tests: `given` by KAFKA_BROKERS, or `local` with Java 17 and Maven. */
export function kafkaAvailability(): KafkaAvailability;

/** Resolves once the broker answers. Rejects with a sentence for people. */
export function startKafkaBroker(options?: KafkaBrokerOptions): Promise<KafkaBroker>;
