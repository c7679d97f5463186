import { archive, cold, coldProblems, toArchiver, toCold } from './cold-config';
import { database, toPostgres } from './database-config';
import type {
  ApiConfig,
  CliConfig,
  ConsumerConfig,
  DoctorConfig,
  KafkaConfig,
  LimitConfig,
  LogConfig,
  MigrateConfig,
  PostgresConfig,
  StandaloneConfig,
} from './process-config';
import { readSettings, type Environment } from './read-settings';
import { optional, type SettingValues } from './setting';
import { settings } from './settings';

const { logLevel, log, drainTimeoutMs, requestBodyBytes, keyPepper, bootstrapKeyFile, dataDir } = settings;
const { accessLogSample, metricsKey, progressTimeoutMs, batchMaxEvents, liveSubscribers, graphqlIntrospection } =
  settings;

const kafka = {
  kafkaBrokers: settings.kafkaBrokers,
  kafkaTopic: settings.kafkaTopic,
  kafkaGroup: settings.kafkaGroup,
  kafkaSsl: settings.kafkaSsl,
  kafkaSaslMechanism: settings.kafkaSaslMechanism,
  kafkaSaslUsername: settings.kafkaSaslUsername,
  kafkaSaslPassword: settings.kafkaSaslPassword,
  kafkaPartitions: settings.kafkaPartitions,
  kafkaSessionTimeoutMs: settings.kafkaSessionTimeoutMs,
};

const publish = {
  publishTimeoutMs: settings.publishTimeoutMs,
  publishQueueEvents: settings.publishQueueEvents,
  publishQueueBytes: settings.publishQueueBytes,
};

const limit = {
  limitEventsPerSecond: settings.limitEventsPerSecond,
  limitBurst: settings.limitBurst,
  redisUrl: settings.redisUrl,
  apiReplicas: settings.apiReplicas,
};

const ports = { port: settings.port, grpcPort: settings.grpcPort };

/** What an API has besides what every process has. */
const api = {
  ...publish,
  ...limit,
  requestBodyBytes,
  liveSubscribers,
  graphqlIntrospection,
  ...ports,
  keyPepper,
  accessLogSample,
  ...cold,
};

const pipeline = { logLevel, log, drainTimeoutMs, metricsKey, ...database, ...kafka };

type KafkaValues = SettingValues<typeof kafka>;

function kafkaProblems(values: KafkaValues & { readonly databaseQueryTimeoutMs: number }): string[] {
  const problems: string[] = [];
  const withMechanism = values.kafkaSaslMechanism !== undefined;
  if (withMechanism && values.kafkaSaslUsername === undefined) {
    problems.push('KAFKA_SASL_USERNAME is missing, KAFKA_SASL_MECHANISM is set');
  }
  if (withMechanism && values.kafkaSaslPassword === undefined) {
    problems.push('KAFKA_SASL_PASSWORD is missing, KAFKA_SASL_MECHANISM is set');
  }
  if (!withMechanism && (values.kafkaSaslUsername ?? values.kafkaSaslPassword) !== undefined) {
    problems.push('KAFKA_SASL_MECHANISM is missing, a SASL user or password is set');
  }
  if (values.databaseQueryTimeoutMs * 2 >= values.kafkaSessionTimeoutMs) {
    problems.push('MILLRACE_DATABASE_QUERY_TIMEOUT_MS must be below half of KAFKA_SESSION_TIMEOUT_MS');
  }
  return problems;
}

/** A process that runs alone needs to be told where its log is; only `npm start` may fall back to the database. */
function logProblems(
  values: KafkaValues & { readonly log: 'kafka' | 'postgres'; readonly databaseQueryTimeoutMs: number },
): string[] {
  const missing = values.log === 'kafka' && values.kafkaBrokers === undefined;
  return [
    ...(missing ? ['KAFKA_BROKERS is missing (MILLRACE_LOG=postgres keeps the log in PostgreSQL instead)'] : []),
    ...kafkaProblems(values),
  ];
}

/** A process that waits for its load balancer to the end of its time never stops but by force. */
function drainProblems(values: { readonly drainDelayMs: number; readonly drainTimeoutMs: number }): string[] {
  const tooLong = values.drainDelayMs >= values.drainTimeoutMs;
  return tooLong ? ['MILLRACE_DRAIN_DELAY_MS must be below MILLRACE_DRAIN_TIMEOUT_MS'] : [];
}

function toKafka(values: KafkaValues, brokers: readonly string[]): KafkaConfig {
  const { kafkaSaslMechanism: mechanism, kafkaSaslUsername: username, kafkaSaslPassword: password } = values;
  const complete = mechanism !== undefined && username !== undefined && password !== undefined;
  return Object.freeze({
    brokers,
    topic: values.kafkaTopic,
    group: values.kafkaGroup,
    ssl: values.kafkaSsl,
    sasl: complete ? Object.freeze({ mechanism, username, password }) : undefined,
    partitions: values.kafkaPartitions,
    sessionTimeoutMs: values.kafkaSessionTimeoutMs,
  });
}

function toLog(values: KafkaValues, kind: 'kafka' | 'postgres'): LogConfig {
  if (kind === 'kafka' && values.kafkaBrokers !== undefined) {
    return Object.freeze({ kind, kafka: toKafka(values, values.kafkaBrokers) });
  }
  const { kafkaTopic: topic, kafkaGroup: group, kafkaPartitions: partitions } = values;
  return Object.freeze({ kind: 'postgres', topic, group, partitions });
}

function toPublish(values: SettingValues<typeof publish>): ApiConfig['publish'] {
  return Object.freeze({
    timeoutMs: values.publishTimeoutMs,
    queueEvents: values.publishQueueEvents,
    queueBytes: values.publishQueueBytes,
  });
}

function toLimit(values: SettingValues<typeof limit>): LimitConfig {
  return Object.freeze({
    eventsPerSecond: values.limitEventsPerSecond,
    burst: values.limitBurst,
    replicas: values.apiReplicas,
    redisUrl: values.redisUrl,
  });
}

/** Whoever lets the system choose the port of HTTP has no use for a fixed one of gRPC. */
function toPorts(
  { port, grpcPort }: SettingValues<typeof ports>,
  environment: Environment,
): SettingValues<typeof ports> {
  const fixed = port !== 0 || (environment[settings.grpcPort.name] ?? '') !== '';
  return { port, grpcPort: fixed ? grpcPort : 0 };
}

function toApi(values: SettingValues<typeof api>, environment: Environment) {
  return {
    ...toPorts(values, environment),
    publish: toPublish(values),
    limit: toLimit(values),
    cold: toCold(values),
    requestBodyBytes: values.requestBodyBytes,
    liveSubscribers: values.liveSubscribers,
    graphqlIntrospection: values.graphqlIntrospection,
    keyPepper: values.keyPepper,
    accessLogSample: values.accessLogSample,
  };
}

/** @throws {ConfigError} naming every variable that is wrong. */
export function loadApiConfig(environment: Environment): ApiConfig {
  const wanted = { ...pipeline, ...api, drainDelayMs: settings.drainDelayMs };
  const values = readSettings(environment, wanted, (all) => [
    ...logProblems(all),
    ...coldProblems(all),
    ...drainProblems(all),
  ]);
  return Object.freeze({
    ...toApi(values, environment),
    logLevel: values.logLevel,
    postgres: toPostgres(values, values.databaseUrl),
    log: toLog(values, values.log),
    drainDelayMs: values.drainDelayMs,
    drainTimeoutMs: values.drainTimeoutMs,
    metricsKey: values.metricsKey,
  });
}

/** @throws {ConfigError} naming every variable that is wrong. */
export function loadConsumerConfig(environment: Environment): ConsumerConfig {
  const wanted = { ...pipeline, healthPort: settings.healthPort, batchMaxEvents, progressTimeoutMs };
  const values = readSettings(environment, wanted, logProblems);
  return Object.freeze({
    healthPort: values.healthPort,
    logLevel: values.logLevel,
    postgres: toPostgres(values, values.databaseUrl),
    log: toLog(values, values.log),
    batchMaxEvents: values.batchMaxEvents,
    progressTimeoutMs: values.progressTimeoutMs,
    drainTimeoutMs: values.drainTimeoutMs,
    metricsKey: values.metricsKey,
  });
}

/** For what needs the database alone. @throws {ConfigError} naming every variable that is wrong. */
export function loadDatabaseConfig(environment: Environment): PostgresConfig {
  const values = readSettings(environment, database);
  return toPostgres(values, values.databaseUrl);
}

/** @throws {ConfigError} naming every variable that is wrong. */
export function loadDoctorConfig(environment: Environment): DoctorConfig {
  const wanted = { log, ...cold, ...database, ...kafka };
  const values = readSettings(environment, wanted, (read) => [...kafkaProblems(read), ...coldProblems(read)]);
  const told = values.log === 'postgres' || values.kafkaBrokers !== undefined;
  return Object.freeze({
    postgres: toPostgres(values, values.databaseUrl),
    cold: toCold(values),
    log: told ? toLog(values, values.log) : undefined,
  });
}

/** @throws {ConfigError} naming every variable that is wrong. */
export function loadMigrateConfig(environment: Environment): MigrateConfig {
  const wanted = { logLevel, log, keyPepper, bootstrapKeyFile, ...database, ...kafka };
  const values = readSettings(environment, wanted, logProblems);
  return Object.freeze({
    logLevel: values.logLevel,
    postgres: toPostgres(values, values.databaseUrl),
    log: toLog(values, values.log),
    keyPepper: values.keyPepper,
    bootstrapKeyFile: values.bootstrapKeyFile,
  });
}

const standalone = {
  ...pipeline,
  ...api,
  databaseUrl: optional(settings.databaseUrl),
  ...archive,
  batchMaxEvents,
  progressTimeoutMs,
};

/** @throws {ConfigError} naming every variable that is wrong. */
export function loadStandaloneConfig(environment: Environment): StandaloneConfig {
  const values = readSettings(environment, standalone, (read) => [...kafkaProblems(read), ...coldProblems(read)]);
  const carrier = toLog(values, values.kafkaBrokers === undefined ? 'postgres' : 'kafka');
  const shared = (url: string) => ({
    logLevel: values.logLevel,
    postgres: toPostgres(values, url),
    log: carrier,
    drainTimeoutMs: values.drainTimeoutMs,
    metricsKey: values.metricsKey,
  });
  return Object.freeze({
    logLevel: values.logLevel,
    drainTimeoutMs: values.drainTimeoutMs,
    dataDir: values.dataDir,
    databaseUrl: values.databaseUrl,
    log: carrier,
    api: (url: string) =>
      Object.freeze({
        ...shared(url),
        ...toApi(values, environment),
        drainDelayMs: 0,
      }),
    consumer: (url: string) =>
      Object.freeze({
        ...shared(url),
        healthPort: undefined,
        batchMaxEvents: values.batchMaxEvents,
        progressTimeoutMs: values.progressTimeoutMs,
      }),
    archiver: (url: string) => toArchiver(values, url, undefined),
  });
}

/** @throws {ConfigError} naming every variable that is wrong. */
export function loadCliConfig(environment: Environment): CliConfig {
  const values = readSettings(environment, { cliUrl: settings.cliUrl, cliKey: settings.cliKey, dataDir });
  return Object.freeze({ url: values.cliUrl, key: values.cliKey, dataDir: values.dataDir });
}
