import type { EventRecord } from '../event-record.mapping';
import { murmur2, partitionOfHash } from '../murmur2';

/** A record and its weight: what it takes in a request and in memory. */
export interface WeighedRecord extends EventRecord {
  readonly bytes: number;
}

/** kafkajs groups the messages of a request in time that grows with their square. */
export const MAX_RECORDS_PER_REQUEST = 1000;

/**
 * kafkajs makes one batch of all that a request has for one partition. One that is over the topic's
 * `max.message.bytes` (1 MB where nobody set it) fails the whole request, for everybody in it.
 */
export const MAX_BYTES_PER_PARTITION = 900_000;

/**
 * The same records in the same order, cut into requests that Kafka takes.
 *
 * @param partitions of the topic, or undefined while unknown: then all may fall on one.
 */
export function toProduceRequests(
  records: readonly WeighedRecord[],
  partitions: number | undefined,
): (readonly WeighedRecord[])[] {
  const total = records.reduce((sum, { bytes }) => sum + bytes, 0);
  if (records.length <= MAX_RECORDS_PER_REQUEST && total <= MAX_BYTES_PER_PARTITION) return [records];
  const requests: WeighedRecord[][] = [];
  let current: WeighedRecord[] = [];
  let bytesOf = new Map<number, number>();
  for (const record of records) {
    const partition = partitions === undefined ? 0 : partitionOfHash(murmur2(record.key), partitions);
    const bytes = (bytesOf.get(partition) ?? 0) + record.bytes;
    if (current.length === MAX_RECORDS_PER_REQUEST || (bytes > MAX_BYTES_PER_PARTITION && current.length > 0)) {
      requests.push(current);
      current = [];
      bytesOf = new Map();
    }
    current.push(record);
    bytesOf.set(partition, (bytesOf.get(partition) ?? 0) + record.bytes);
  }
  return [...requests, current];
}
