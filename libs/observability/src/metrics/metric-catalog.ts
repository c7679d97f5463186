/** What is known of a metric before it has a value. `docs/metrics.md` is held to this list. */
export interface MetricFacts {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Each from a closed set. */
  readonly labels: readonly string[];
  /** One sentence for people, with the unit where the name has none. */
  readonly help: string;
  /** When somebody should look; empty when it is only background. */
  readonly alarm: string;
  /** How the values of several parts of one process become one. */
  readonly merge: 'sum' | 'max' | 'min' | 'first';
}

type Rest = Partial<Pick<MetricFacts, 'labels' | 'alarm' | 'merge'>>;

function counter(name: string, help: string, rest: Rest = {}): MetricFacts {
  return { name, help, type: 'counter', labels: [], alarm: '', merge: 'sum', ...rest };
}

function gauge(name: string, help: string, rest: Rest = {}): MetricFacts {
  return { name, help, type: 'gauge', labels: [], alarm: '', merge: 'sum', ...rest };
}

function histogram(name: string, help: string, rest: Rest = {}): MetricFacts {
  return { name, help, type: 'histogram', labels: [], alarm: '', merge: 'sum', ...rest };
}

const REQUEST_LABELS = ['method', 'route', 'status'];
const CALL_LABELS = ['method', 'code'];

/** Of the API. */
export const apiMetrics = {
  requests: counter(
    'http_requests_total',
    'Requests by what was answered; status "aborted" is a client that went away before its answer.',
    { labels: REQUEST_LABELS, alarm: 'more than 1 % with a status of 5xx' },
  ),
  requestDuration: histogram(
    'http_request_duration_seconds',
    'Time from the head of a request to the end of its answer.',
    { labels: REQUEST_LABELS, alarm: '99 % of `POST /api/v1/events` take longer than a second' },
  ),
  grpcRequests: counter(
    'grpc_requests_total',
    'gRPC calls by method and status code; of a stream each of its messages, and its end when that is not OK.',
    { labels: CALL_LABELS, alarm: 'more than 1 % with a code of UNAVAILABLE, INTERNAL or UNKNOWN' },
  ),
  grpcRequestDuration: histogram(
    'grpc_request_duration_seconds',
    'Time from the beginning of a gRPC call, or a message of a stream, to its answer.',
    { labels: CALL_LABELS, alarm: '99 % of `Publish` take longer than a second' },
  ),
  grpcOpenCalls: gauge('grpc_open_calls', 'gRPC calls that are open now, streams included.'),
  accepted: counter('events_accepted_total', 'Events that the log has confirmed, which is what a 202 says of them.'),
  rejected: counter(
    'events_rejected_total',
    'Events that were refused because they, or others of an atomic request, break the rules, also beside accepted ones; none of a body that is refused as a whole.',
    { alarm: 'a client sends mostly these' },
  ),
  unconfirmed: counter(
    'events_unconfirmed_total',
    'Events of the requests that were answered 503 `unconfirmed`: the log did not confirm them, or took no more.',
    { alarm: 'it grows' },
  ),
  limited: counter('requests_limited_total', 'Requests that were refused because their key has sent too much (429).', {
    alarm: 'a client sends more than it may for long',
  }),
  limitShared: gauge(
    'rate_limit_shared',
    '1 while the API replicas share the limits of the keys in Redis, 0 while each grants its share; not there without `REDIS_URL`.',
    { alarm: '0 for five minutes', merge: 'min' },
  ),
  bodyBytes: gauge('request_body_bytes', 'Bytes of request bodies that are held now, as sent and inflated.', {
    alarm: 'near `MILLRACE_REQUEST_BODY_BYTES`',
  }),
  queuedEvents: gauge('publish_queue_events', 'Events that wait for the log.', {
    alarm: 'near `MILLRACE_PUBLISH_QUEUE_EVENTS`',
  }),
  queuedBytes: gauge('publish_queue_bytes', 'Bytes of the events that wait for the log.', {
    alarm: 'near `MILLRACE_PUBLISH_QUEUE_BYTES`',
  }),
  liveSubscribers: gauge('live_subscribers', 'Live streams and subscriptions that are open now.', {
    alarm: 'near `MILLRACE_LIVE_SUBSCRIBERS`',
  }),
  liveCatchingUp: gauge('live_catching_up', 'Of them, those that read older events, or wait for their turn.', {
    alarm: 'above 4 for minutes',
  }),
  liveSent: counter('live_events_sent_total', 'Events handed to live subscribers, once for each of them.'),
  liveDropped: counter(
    'live_dropped_total',
    'Live subscribers that were let go: too far behind the others, stalled, or the log was lost under them.',
    { labels: ['reason'], alarm: 'it grows' },
  ),
  liveRingBytes: gauge('live_ring_bytes', 'Estimate of what the last events take of the memory for live subscribers.'),
  discarded: counter('dead_letters_discarded_total', 'Dead letters that were discarded through this process.'),
  breakerOpen: gauge('publish_breaker_open', '1 while events are refused because the log does not confirm, else 0.', {
    alarm: '1',
    merge: 'max',
  }),
} as const;

/** Of a consumer. */
export const consumerMetrics = {
  persisted: counter('events_persisted_total', 'Events that this process has stored.', {
    alarm: 'it stands still while `consumer_lag_messages` is above 0',
  }),
  duplicate: counter('events_duplicate_total', 'Events that the ledger had already.'),
  deadLettered: counter(
    'events_dead_lettered_total',
    'Records that became dead letters, and replays of dead letters that failed again.',
    { alarm: 'it grows' },
  ),
  erased: counter('events_erased_total', 'Records of erased users that were not stored.'),
  replayed: counter('dead_letters_replayed_total', 'Open dead letters whose event a replay has stored.'),
  redelivered: counter('events_redelivered_total', 'Records that came again and were below the position.'),
  batchPersist: histogram('batch_persist_seconds', 'Time that one batch takes to be stored, retries not counted.', {
    alarm: 'half of them take longer than a second',
  }),
  batchFailures: counter('batch_failures_total', 'Batches that failed and will come again.', { alarm: 'it grows' }),
  lag: gauge('consumer_lag_messages', 'Records that the group has not committed, of the partitions of this process.', {
    labels: ['partition'],
    alarm: 'it grows for ten minutes',
  }),
  oldestUnread: gauge(
    'consumer_oldest_unread_age_seconds',
    'Age of the oldest record that the group has not committed; 0 when there is none. On Kafka the last step it has passed: a minute, 10 minutes, an hour, 6 hours, a day, a third of the retention.',
    { alarm: 'above 600', merge: 'max' },
  ),
  retentionAlarm: gauge(
    'consumer_retention_alarm',
    '1 when an unread record is older than a third of what the topic keeps, else 0.',
    { alarm: '1: Kafka will delete it unread', merge: 'max' },
  ),
  assigned: gauge('consumer_assigned_partitions', 'Partitions that this process has.', {
    alarm: 'the sum over all consumers is not the number of partitions',
  }),
  paused: gauge('consumer_paused_partitions', 'Partitions that wait to be tried again, after a failure or held.', {
    alarm: 'above 0 for five minutes',
  }),
  held: gauge('consumer_held_partitions', 'Partitions at a record that this version must not judge.', {
    alarm: 'above 0: somebody must act',
  }),
  stuck: gauge('consumer_stuck', '1 when there is work, PostgreSQL answers and nothing is committed, else 0.', {
    alarm: '1; `/healthz` says 503',
    merge: 'max',
  }),
  unaccounted: gauge(
    'unaccounted_events',
    'Offsets that were passed without an event, a duplicate, a dead letter or an erasure, over all positions of the group.',
    { alarm: 'not 0', merge: 'max' },
  ),
} as const;

/** Of an archiver. What it reads from the tables is the same for all of them. */
export const archiverMetrics = {
  archived: counter('events_archived_total', 'Events that this process has moved into files.', {
    alarm: 'it stands still while `archive_overdue_seconds` grows',
  }),
  segmentsWritten: counter('archive_segments_written_total', 'Files of old events that this process has published.'),
  seconds: counter('archive_seconds_total', 'Time spent on runs, erasures between two files included.'),
  failures: counter('archive_failures_total', 'Runs that failed; their events stay in PostgreSQL.', {
    alarm: 'it grows',
  }),
  erasureFailures: counter('erasure_failures_total', 'Steps of erasures that failed.', { alarm: 'it grows' }),
  coldEvents: gauge('cold_events', 'Events in files.', { merge: 'max' }),
  coldSegments: gauge('cold_segments', 'Files of old events that are read.', { merge: 'max' }),
  coldBytes: gauge('cold_bytes', 'Bytes of these files.', { merge: 'max', alarm: 'near what their disk holds' }),
  overdue: gauge(
    'archive_overdue_seconds',
    'Seconds for which the earliest event of a project has been waiting to be moved; 0 when nothing waits.',
    { merge: 'max', alarm: 'above 3600' },
  ),
  erasuresWaiting: gauge('erasures_waiting', 'Erasures that are not done.', {
    merge: 'max',
    alarm: 'above 0 for an hour',
  }),
} as const;

/** Of every process. */
export const processMetrics = {
  databaseUp: gauge('database_up', '1 when PostgreSQL answers, else 0.', { alarm: '0', merge: 'min' }),
  logUp: gauge('log_up', '1 when the log (Kafka, or the embedded one) answers, else 0.', { alarm: '0', merge: 'min' }),
  build: gauge('millrace_build_info', '1; the labels say what runs.', {
    labels: ['app', 'version', 'node'],
    merge: 'first',
  }),
  started: gauge('process_start_time_seconds', 'Start of the process since the epoch.', {
    merge: 'first',
    alarm: 'it changes often',
  }),
  cpu: counter('process_cpu_seconds_total', 'User and system CPU time spent.', { merge: 'first' }),
  rss: gauge('process_resident_memory_bytes', 'Resident memory.', { merge: 'first', alarm: 'it grows for hours' }),
  heap: gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use.', { merge: 'first' }),
  external: gauge('nodejs_external_memory_bytes', 'Buffers and other memory outside the JavaScript heap.', {
    merge: 'first',
  }),
  loopActive: counter('nodejs_eventloop_active_seconds_total', 'Time that the event loop was busy.', {
    merge: 'first',
    alarm: 'its rate is above 0.9: the process is at its limit',
  }),
} as const;

/** All that any process may show. */
export const metricCatalog: readonly MetricFacts[] = [
  ...Object.values(apiMetrics),
  ...Object.values(consumerMetrics),
  ...Object.values(archiverMetrics),
  ...Object.values(processMetrics),
];
