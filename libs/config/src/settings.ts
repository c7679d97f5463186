import { bucketSettings } from './bucket-settings';
import { brokerList, flag, oneOf, optional, text, url, wholeNumber } from './setting';

/** Of these the numbers by the minute are kept, and may be counted anew from the events. */
const FEWEST_HOT_DAYS = 7;

/** Every variable that any process reads, once. `.env.example` and the table in the documentation are held to it. */
export const settings = {
  port: wholeNumber('PORT', 'Port of the HTTP API; 0 lets the system choose.', { min: 0, max: 65_535, fallback: 3000 }),
  grpcPort: wholeNumber(
    'GRPC_PORT',
    'Port of gRPC; 0 lets the system choose, and so does PORT=0 when this is not set.',
    {
      min: 0,
      max: 65_535,
      fallback: 50_051,
    },
  ),
  healthPort: wholeNumber(
    'HEALTH_PORT',
    'Port of health and metrics of a consumer, or of an archiver, whose default is 3002; 0 lets the system choose.',
    {
      min: 0,
      max: 65_535,
      fallback: 3001,
    },
  ),
  logLevel: oneOf(
    'LOG_LEVEL',
    'Least serious log line that is written.',
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    'info',
  ),
  accessLogSample: wholeNumber(
    'MILLRACE_ACCESS_LOG_SAMPLE',
    'One of so many accepted requests that bring events has an access line; others have one each, refusals up to 20 in a second; health and metrics at level debug.',
    {
      min: 1,
      max: 1_000_000,
      fallback: 100,
    },
  ),
  metricsKey: optional(
    text('MILLRACE_METRICS_KEY', 'Bearer token that /metrics asks for; without it anybody may read them.', {
      secret: true,
    }),
  ),

  databaseUrl: url(
    'DATABASE_URL',
    'PostgreSQL, as postgresql://user:password@host:port/database.',
    ['postgres:', 'postgresql:'],
    {
      secret: true,
    },
  ),
  databasePoolSize: wholeNumber('MILLRACE_DATABASE_POOL_SIZE', 'PostgreSQL connections of one process at most.', {
    min: 2,
    max: 200,
    fallback: 10,
  }),
  databaseQueryTimeoutMs: wholeNumber(
    'MILLRACE_DATABASE_QUERY_TIMEOUT_MS',
    'Milliseconds until a query without answer is given up; below half of KAFKA_SESSION_TIMEOUT_MS.',
    {
      min: 100,
      max: 60_000,
      fallback: 7000,
    },
  ),

  log: oneOf(
    'MILLRACE_LOG',
    'What carries the events: kafka, or postgres for tables in DATABASE_URL (one machine). npm start picks postgres when KAFKA_BROKERS is missing.',
    ['kafka', 'postgres'],
    'kafka',
  ),
  kafkaBrokers: optional(brokerList('KAFKA_BROKERS', 'Kafka brokers to ask first, host:port separated by commas.')),
  kafkaTopic: text('KAFKA_TOPIC', 'Topic of the events; of the embedded log too.', { fallback: 'events.v1' }),
  kafkaGroup: text('KAFKA_GROUP', 'Consumer group; positions are kept per group.', { fallback: 'millrace-consumer' }),
  kafkaSsl: flag('KAFKA_SSL', 'Talk TLS to the brokers.', false),
  kafkaSaslMechanism: optional(
    oneOf('KAFKA_SASL_MECHANISM', 'SASL mechanism; with it KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD are needed.', [
      'plain',
      'scram-sha-256',
      'scram-sha-512',
    ]),
  ),
  kafkaSaslUsername: optional(text('KAFKA_SASL_USERNAME', 'SASL user.')),
  kafkaSaslPassword: optional(text('KAFKA_SASL_PASSWORD', 'SASL password.', { secret: true })),
  kafkaPartitions: wholeNumber(
    'KAFKA_PARTITIONS',
    'Partitions of the topic when it is made; the most consumers that can share the work.',
    {
      min: 1,
      max: 1000,
      fallback: 12,
    },
  ),
  kafkaSessionTimeoutMs: wholeNumber(
    'KAFKA_SESSION_TIMEOUT_MS',
    'Milliseconds without a heartbeat until a consumer loses its partitions.',
    {
      min: 6000,
      max: 300_000,
      fallback: 15_000,
    },
  ),

  publishTimeoutMs: wholeNumber(
    'MILLRACE_PUBLISH_TIMEOUT_MS',
    'Milliseconds that a request waits for the log to confirm before it is answered 503.',
    {
      min: 100,
      max: 60_000,
      fallback: 10_000,
    },
  ),
  publishQueueEvents: wholeNumber(
    'MILLRACE_PUBLISH_QUEUE_EVENTS',
    'Events of one API process that may wait for the log.',
    {
      min: 1000,
      max: 1_000_000,
      fallback: 20_000,
    },
  ),
  publishQueueBytes: wholeNumber(
    'MILLRACE_PUBLISH_QUEUE_BYTES',
    'Bytes of one API process that may wait for the log.',
    {
      min: 6_000_000,
      max: 1_000_000_000,
      fallback: 32_000_000,
    },
  ),

  requestBodyBytes: wholeNumber(
    'MILLRACE_REQUEST_BODY_BYTES',
    'Bytes of request bodies that one API process reads at the same time; beyond them it answers 503 at once.',
    {
      min: 16_000_000,
      max: 4_000_000_000,
      fallback: 64_000_000,
    },
  ),

  liveSubscribers: wholeNumber(
    'MILLRACE_LIVE_SUBSCRIBERS',
    'Live streams of one API process at a time; beyond them it answers 503.',
    { min: 1, max: 100_000, fallback: 1000 },
  ),

  graphqlIntrospection: flag(
    'MILLRACE_GRAPHQL_INTROSPECTION',
    'Let GraphQL clients with a key read the schema; the playground needs it.',
    true,
  ),

  limitEventsPerSecond: wholeNumber(
    'RATE_LIMIT_EVENTS_PER_SECOND',
    'Events per second that one API key may send in the long run.',
    {
      min: 1,
      max: 1_000_000_000,
      fallback: 10_000,
    },
  ),
  limitBurst: wholeNumber('RATE_LIMIT_BURST', 'Events that one API key may send at once after a pause.', {
    min: 1,
    max: 1_000_000_000,
    fallback: 50_000,
  }),
  redisUrl: optional(
    url(
      'REDIS_URL',
      'Redis in which the API replicas share the limits of the keys, as redis://user:password@host:port/database.',
      ['redis:', 'rediss:'],
      { secret: true },
    ),
  ),
  apiReplicas: wholeNumber(
    'MILLRACE_API_REPLICAS',
    'API replicas that run; without Redis, or while it is away, each grants its share of the limits.',
    {
      min: 1,
      max: 1000,
      fallback: 1,
    },
  ),

  batchMaxEvents: wholeNumber(
    'MILLRACE_BATCH_MAX_EVENTS',
    'Events that a consumer stores in one transaction at most.',
    {
      min: 1,
      max: 50_000,
      fallback: 5000,
    },
  ),
  progressTimeoutMs: wholeNumber(
    'MILLRACE_PROGRESS_TIMEOUT_MS',
    'Milliseconds that a consumer may commit nothing, with records to read and PostgreSQL up, until /healthz says 503.',
    {
      min: 1000,
      max: 3_600_000,
      fallback: 120_000,
    },
  ),
  drainTimeoutMs: wholeNumber(
    'MILLRACE_DRAIN_TIMEOUT_MS',
    'Milliseconds that a stopping process may take before it ends by force.',
    {
      min: 1000,
      max: 300_000,
      fallback: 25_000,
    },
  ),
  drainDelayMs: wholeNumber(
    'MILLRACE_DRAIN_DELAY_MS',
    'Milliseconds that a stopping API still takes requests, while /readyz says 503, so that a load balancer notices; below MILLRACE_DRAIN_TIMEOUT_MS.',
    {
      min: 0,
      max: 60_000,
      fallback: 5000,
    },
  ),
  keyPepper: text(
    'MILLRACE_KEY_PEPPER',
    'Secret mixed into the stored hash of every API key. Changing it invalidates all keys.',
    { secret: true, fallback: '' },
  ),
  bootstrapKeyFile: optional(
    text(
      'MILLRACE_BOOTSTRAP_KEY_FILE',
      'File with the first API key; migrate registers it, and makes it when the file is missing.',
    ),
  ),

  dataDir: text(
    'MILLRACE_DATA_DIR',
    'Folder of what npm start keeps: the embedded database, the first key, cli.json.',
    { fallback: '.millrace' },
  ),
  coldDir: optional(
    text(
      'MILLRACE_COLD_DIR',
      'Folder of the files of old events, the same for API, archiver and command line; without it the folder cold in MILLRACE_DATA_DIR.',
    ),
  ),
  ...bucketSettings,
  archiveAfterDays: wholeNumber(
    'MILLRACE_ARCHIVE_AFTER_DAYS',
    'Days before today (UTC) whose events stay in PostgreSQL; what occurred earlier moves to files.',
    { min: FEWEST_HOT_DAYS, max: 36_600, fallback: 7 },
  ),
  archiveIntervalMs: wholeNumber(
    'MILLRACE_ARCHIVE_INTERVAL_MS',
    'Milliseconds from the end of one run of the archiver to the next.',
    { min: 100, max: 86_400_000, fallback: 300_000 },
  ),
  archiveDutyPercent: wholeNumber(
    'MILLRACE_ARCHIVE_DUTY_PERCENT',
    'Percent of the time that the archiver moves events while there are more; it rests between two files.',
    { min: 1, max: 100, fallback: 30 },
  ),
  cliUrl: optional(
    url('MILLRACE_URL', 'API that the command line talks to; without it what npm start left on this machine.', [
      'http:',
      'https:',
    ]),
  ),
  cliKey: optional(text('MILLRACE_KEY', 'API key of the command line.', { secret: true })),
};
