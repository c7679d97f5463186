import { loadArchiveConfig, loadArchiverConfig } from './cold-config';
import {
  loadApiConfig,
  loadCliConfig,
  loadConsumerConfig,
  loadDoctorConfig,
  loadStandaloneConfig,
} from './load-config';
import { ConfigError, type Environment } from './read-settings';

const complete = { DATABASE_URL: 'postgresql://u:p@db:5432/millrace', KAFKA_BROKERS: 'kafka:9092' };

function problems(load: (environment: Environment) => unknown, environment: Environment): readonly string[] {
  try {
    load(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('the configuration of a process', () => {
  it('has a documented default for all but the addresses', () => {
    expect(loadApiConfig(complete)).toEqual({
      port: 3000,
      grpcPort: 50_051,
      logLevel: 'info',
      postgres: { url: complete.DATABASE_URL, poolSize: 10, queryTimeoutMs: 7000 },
      log: {
        kind: 'kafka',
        kafka: {
          brokers: ['kafka:9092'],
          topic: 'events.v1',
          group: 'millrace-consumer',
          ssl: false,
          sasl: undefined,
          partitions: 12,
          sessionTimeoutMs: 15_000,
        },
      },
      publish: { timeoutMs: 10_000, queueEvents: 20_000, queueBytes: 32_000_000 },
      limit: { eventsPerSecond: 10_000, burst: 50_000, replicas: 1, redisUrl: undefined },
      cold: { kind: 'local', dir: '.millrace/cold' },
      requestBodyBytes: 64_000_000,
      liveSubscribers: 1000,
      graphqlIntrospection: true,
      keyPepper: '',
      accessLogSample: 100,
      drainDelayMs: 5000,
      drainTimeoutMs: 25_000,
      metricsKey: undefined,
    });
  });

  it('names every mistake at once', () => {
    const wrong = {
      DATABASE_URL: 'mysql://db',
      KAFKA_BROKERS: 'kafka',
      HEALTH_PORT: '70000',
      LOG_LEVEL: 'loud',
      KAFKA_SSL: 'yes',
      MILLRACE_BATCH_MAX_EVENTS: '1e3',
    };
    expect(problems(loadConsumerConfig, wrong).map((problem) => problem.split(' ')[0])).toEqual([
      'LOG_LEVEL',
      'DATABASE_URL',
      'KAFKA_BROKERS',
      'KAFKA_SSL',
      'HEALTH_PORT',
      'MILLRACE_BATCH_MAX_EVENTS',
    ]);
  });

  it('names what is missing beside what is wrong', () => {
    expect(problems(loadApiConfig, { DATABASE_URL: 'mysql://db' }).map((problem) => problem.split(' ')[0])).toEqual([
      'DATABASE_URL',
      'KAFKA_BROKERS',
    ]);
  });

  it('never repeats a value that may hold a password', () => {
    expect(problems(loadApiConfig, { ...complete, DATABASE_URL: 'mysql://u:hunter2@db' }).join()).not.toContain(
      'hunter2',
    );
  });

  it('does not fall back to another log in silence', () => {
    expect(problems(loadApiConfig, { DATABASE_URL: complete.DATABASE_URL })).toEqual([
      'KAFKA_BROKERS is missing (MILLRACE_LOG=postgres keeps the log in PostgreSQL instead)',
    ]);
    expect(loadApiConfig({ DATABASE_URL: complete.DATABASE_URL, MILLRACE_LOG: 'postgres' }).log.kind).toBe('postgres');
  });

  it('checks values against each other', () => {
    expect(problems(loadApiConfig, { ...complete, KAFKA_SASL_MECHANISM: 'plain' })).toEqual([
      'KAFKA_SASL_USERNAME is missing, KAFKA_SASL_MECHANISM is set',
      'KAFKA_SASL_PASSWORD is missing, KAFKA_SASL_MECHANISM is set',
    ]);
    expect(problems(loadApiConfig, { ...complete, KAFKA_SASL_USERNAME: 'u' })).toEqual([
      'KAFKA_SASL_MECHANISM is missing, a SASL user or password is set',
    ]);
    expect(problems(loadConsumerConfig, { ...complete, MILLRACE_DATABASE_QUERY_TIMEOUT_MS: '8000' })).toEqual([
      'MILLRACE_DATABASE_QUERY_TIMEOUT_MS must be below half of KAFKA_SESSION_TIMEOUT_MS',
    ]);
    const withoutTime = { ...complete, MILLRACE_DRAIN_DELAY_MS: '25000', KAFKA_SASL_USERNAME: 'u' };
    expect(problems(loadApiConfig, withoutTime)).toEqual([
      'KAFKA_SASL_MECHANISM is missing, a SASL user or password is set',
      'MILLRACE_DRAIN_DELAY_MS must be below MILLRACE_DRAIN_TIMEOUT_MS',
    ]);
  });

  it('keeps old events in a bucket where one is named, with its key or without', () => {
    const bucket = { MILLRACE_COLD_S3_BUCKET: 'events', MILLRACE_COLD_DIR: '/cold' };
    const place = {
      kind: 's3',
      dir: '/cold',
      cacheBytes: 2_000_000_000,
      bucket: 'events',
      region: 'us-east-1',
      prefix: '',
    };
    expect(loadApiConfig({ ...complete, ...bucket }).cold).toEqual({
      ...place,
      endpoint: undefined,
      credentials: undefined,
      pathStyle: false,
    });
    const server = {
      MILLRACE_COLD_S3_ENDPOINT: 'https://s3.internal:9000',
      MILLRACE_COLD_S3_ACCESS_KEY_ID: 'id',
      MILLRACE_COLD_S3_SECRET_ACCESS_KEY: 'secret',
    };
    expect(loadApiConfig({ ...complete, ...bucket, ...server }).cold).toEqual({
      ...place,
      endpoint: 'https://s3.internal:9000',
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
      pathStyle: true,
    });
    for (const load of [loadApiConfig, loadArchiverConfig, loadArchiveConfig, loadDoctorConfig, loadStandaloneConfig]) {
      expect(problems(load, { ...complete, MILLRACE_COLD_S3_ACCESS_KEY_ID: 'id' })).toEqual([
        'MILLRACE_COLD_S3_SECRET_ACCESS_KEY is missing, MILLRACE_COLD_S3_ACCESS_KEY_ID is set',
        'MILLRACE_COLD_S3_BUCKET is missing, others of its settings are set',
      ]);
    }
  });

  it('takes an empty variable as missing, as compose files write it', () => {
    expect(loadApiConfig({ ...complete, PORT: '', KAFKA_SASL_MECHANISM: '' }).port).toBe(3000);
  });

  it('lets the system choose the port of gRPC when it chooses that of HTTP, unless told otherwise', () => {
    expect(loadApiConfig({ ...complete, PORT: '0' }).grpcPort).toBe(0);
    expect(loadApiConfig({ ...complete, PORT: '0', GRPC_PORT: '50051' }).grpcPort).toBe(50_051);
  });

  it('is frozen through and through', () => {
    const config = loadApiConfig(complete);
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen));
    expect(frozen(config)).toBe(true);
  });
});

describe('the configuration of npm start', () => {
  it('needs nothing, and keeps the log in its own database', () => {
    const config = loadStandaloneConfig({});
    expect(config).toMatchObject({ dataDir: '.millrace', databaseUrl: undefined, log: { kind: 'postgres' } });
    expect(config.api('postgresql://x').postgres.url).toBe('postgresql://x');
    expect(config.consumer('postgresql://x').healthPort).toBeUndefined();
  });

  it('uses what it is given', () => {
    expect(loadStandaloneConfig(complete)).toMatchObject({
      databaseUrl: complete.DATABASE_URL,
      log: { kind: 'kafka' },
    });
  });
});

it('the command line needs nothing either', () => {
  expect(loadCliConfig({})).toEqual({ url: undefined, key: undefined, dataDir: '.millrace' });
});
