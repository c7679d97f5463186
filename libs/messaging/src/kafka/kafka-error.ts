interface KafkaErrorShape {
  readonly name?: unknown;
  readonly type?: unknown;
  readonly retriable?: unknown;
  readonly cause?: unknown;
}

function* chain(error: unknown): Generator<KafkaErrorShape> {
  let current = error;
  while (typeof current === 'object' && current !== null) {
    yield current;
    current = (current as KafkaErrorShape).cause;
  }
}

function hasType(error: unknown, types: ReadonlySet<string>): boolean {
  for (const link of chain(error)) if (typeof link.type === 'string' && types.has(link.type)) return true;
  return false;
}

const MEMBERSHIP = new Set([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'NOT_COORDINATOR_FOR_GROUP',
]);
const UNKNOWN_MEMBER = new Set(['UNKNOWN_MEMBER_ID']);
const OF_THE_RECORDS = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'CORRUPT_MESSAGE']);
const COORDINATOR_STARTING = new Set([
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'COORDINATOR_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
]);
const OFFSET_LOST = new Set(['OFFSET_OUT_OF_RANGE']);
const UNKNOWN_TOPIC = new Set(['UNKNOWN_TOPIC_OR_PARTITION']);
// kafkajs calls these not retriable, but each is what a frozen or restarting broker looks like.
const PASSING = new Set([
  'KafkaJSNumberOfRetriesExceeded',
  'KafkaJSTimeout',
  'KafkaJSLockTimeout',
  'KafkaJSGroupCoordinatorNotFound',
  'KafkaJSNoBrokerAvailableError',
]);

/** The group has moved on without this member; kafkajs joins again when it sees such an error. */
export function isMembershipError(error: unknown): boolean {
  return hasType(error, MEMBERSHIP);
}

/** The group does not know this member, or does no longer. */
export function hasLeftTheGroup(error: unknown): boolean {
  return hasType(error, UNKNOWN_MEMBER);
}

/** The cluster makes its first group, or a broker has just started: normal, and over in a moment. */
export function isCoordinatorStarting(error: unknown): boolean {
  return hasType(error, COORDINATOR_STARTING);
}

/** The broker works and refuses these very records. */
export function isAboutTheRecords(error: unknown): boolean {
  return hasType(error, OF_THE_RECORDS);
}

/** The offset that was asked for is not in the log: deleted, or never there. */
export function isOffsetLost(error: unknown): boolean {
  return hasType(error, OFFSET_LOST);
}

export function isUnknownTopic(error: unknown): boolean {
  return hasType(error, UNKNOWN_TOPIC);
}

/** A new connection may do better. Everything else (credentials, codecs, bugs) needs a person. */
export function isPassing(error: unknown): boolean {
  for (const link of chain(error)) {
    if (link.retriable === true) return true;
    if (typeof link.name === 'string' && PASSING.has(link.name)) return true;
  }
  return false;
}
