import { settings } from './settings';

export type LogLevel = ReturnType<typeof settings.logLevel.parse>;

/** How to reach PostgreSQL. */
export interface PostgresConfig {
  readonly url: string;
  readonly poolSize: number;
  readonly queryTimeoutMs: number;
}

/** How to reach the Kafka cluster, and the names used on it. */
export interface KafkaConfig {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly group: string;
  readonly ssl: boolean;
  readonly sasl: KafkaSasl | undefined;
  /** Partitions of the topic when it has to be made. */
  readonly partitions: number;
  readonly sessionTimeoutMs: number;
}

export interface KafkaSasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

/** Bounds of the queue in front of the log. */
export interface PublishConfig {
  readonly timeoutMs: number;
  readonly queueEvents: number;
  readonly queueBytes: number;
}

/** How many events each key may send. */
export interface LimitConfig {
  readonly eventsPerSecond: number;
  /** Events that may come at once after a pause. */
  readonly burst: number;
  /** API replicas among which the limit is divided as long as Redis does not share it. */
  readonly replicas: number;
  /** Undefined: each replica limits by itself. */
  readonly redisUrl: string | undefined;
}

/** What carries the events: a Kafka cluster, or tables of the same PostgreSQL under the same names. */
export type LogConfig =
  | { readonly kind: 'kafka'; readonly kafka: KafkaConfig }
  | { readonly kind: 'postgres'; readonly topic: string; readonly group: string; readonly partitions: number };

/** Where the files of old events are: in a folder, or in a bucket of an S3 server. */
export type ColdConfig =
  | {
      readonly kind: 'local';
      /** A folder; relative to the working folder, or absolute. */
      readonly dir: string;
    }
  | ({
      readonly kind: 's3';
      /** For what is being written, and what was fetched. */
      readonly dir: string;
      readonly cacheBytes: number;
    } & BucketConfig);

export interface BucketConfig {
  readonly bucket: string;
  /** Undefined: the one of AWS in that region. */
  readonly endpoint: string | undefined;
  readonly region: string;
  /** Of the names of objects. */
  readonly prefix: string;
  /** Undefined: what the AWS_ variables, files and roles of the machine say. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  /** The bucket in the path of a URL rather than in its host. */
  readonly pathStyle: boolean;
}

/** What every process that touches the data needs. */
export interface PipelineConfig {
  readonly logLevel: LogLevel;
  readonly postgres: PostgresConfig;
  readonly log: LogConfig;
  readonly drainTimeoutMs: number;
  /** Bearer token of a scrape; undefined: anybody may. */
  readonly metricsKey: string | undefined;
}

export interface ApiConfig extends PipelineConfig {
  readonly cold: ColdConfig;
  readonly port: number;
  readonly grpcPort: number;
  readonly publish: PublishConfig;
  readonly limit: LimitConfig;
  /** Bytes of request bodies held at a time, as sent and inflated. */
  readonly requestBodyBytes: number;
  /** Live subscribers of the process at a time. */
  readonly liveSubscribers: number;
  /** Whether GraphQL shows its schema. */
  readonly graphqlIntrospection: boolean;
  readonly keyPepper: string;
  /** One of so many accepted posts has an access line. */
  readonly accessLogSample: number;
  /** Between losing readiness and closing the server; part of `drainTimeoutMs`. */
  readonly drainDelayMs: number;
}

export interface ConsumerConfig extends PipelineConfig {
  /** Undefined: no health server of its own (the consumers inside standalone). */
  readonly healthPort: number | undefined;
  /** Events stored in one transaction at most. */
  readonly batchMaxEvents: number;
  /** Without a commit for so long, with work to do, it is not alive. */
  readonly progressTimeoutMs: number;
}

/** What moves old events, in a process or as a command. */
export interface ArchiveConfig {
  readonly postgres: PostgresConfig;
  readonly cold: ColdConfig;
  /** Days before today, UTC, whose events stay. */
  readonly afterDays: number;
}

export interface ArchiverConfig extends ArchiveConfig {
  readonly logLevel: LogLevel;
  /** Undefined: no health server of its own (the archiver inside standalone). */
  readonly healthPort: number | undefined;
  /** From the end of one run to the next. */
  readonly intervalMs: number;
  /** Of the time of a run; it rests in the others. */
  readonly dutyPercent: number;
  readonly drainTimeoutMs: number;
  /** As of `PipelineConfig`. */
  readonly metricsKey: string | undefined;
}

export interface MigrateConfig {
  readonly logLevel: LogLevel;
  readonly postgres: PostgresConfig;
  readonly log: LogConfig;
  readonly keyPepper: string;
  readonly bootstrapKeyFile: string | undefined;
}

export interface DoctorConfig {
  readonly postgres: PostgresConfig;
  readonly cold: ColdConfig;
  /** Undefined: nobody said where it is. */
  readonly log: LogConfig | undefined;
}

/** `npm start`: what is undefined is run by the process itself. */
export interface StandaloneConfig {
  readonly logLevel: LogLevel;
  readonly drainTimeoutMs: number;
  readonly dataDir: string;
  readonly api: (postgresUrl: string) => ApiConfig;
  readonly consumer: (postgresUrl: string) => ConsumerConfig;
  readonly archiver: (postgresUrl: string) => ArchiverConfig;
  readonly databaseUrl: string | undefined;
  readonly log: LogConfig;
}

/** Where the command line finds the API. */
export interface CliConfig {
  readonly url: string | undefined;
  readonly key: string | undefined;
  readonly dataDir: string;
}
