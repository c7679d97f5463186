/**
 * Stands for records of one partition that could not be read, in the shape of a message of kafkajs. kafkajs would throw
 * the whole fetch away with the other partitions in it, try again, and at last end the consumer.
 */
export interface Unreadable {
  /** For kafkajs, behind every offset: it drops what is below the one that it asked for. */
  readonly offset: '9223372036854775807';
  readonly error: Error;
}

// Of these kafkajs makes something better: it looks for the leader, or for the oldest record. The last two are about the topic.
const LEFT_TO_KAFKAJS = new Set([
  0, // none
  1, // OFFSET_OUT_OF_RANGE
  5, // LEADER_NOT_AVAILABLE
  6, // NOT_LEADER_FOR_PARTITION
  74, // FENCED_LEADER_EPOCH
  75, // UNKNOWN_LEADER_EPOCH
  3, // UNKNOWN_TOPIC_OR_PARTITION
  29, // TOPIC_AUTHORIZATION_FAILED
]);

export function unreadable(error: Error): Unreadable {
  return { offset: '9223372036854775807', error };
}

export function isUnreadable(message: object): message is Unreadable {
  return 'error' in message;
}

/** Whether the error of one partition in a fetch concerns nothing but the reading of that partition. */
export function concernsOnePartition(errorCode: number): boolean {
  return !LEFT_TO_KAFKAJS.has(errorCode);
}
