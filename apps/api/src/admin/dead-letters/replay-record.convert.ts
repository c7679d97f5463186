import { encodeEvent, partitionKey, type Event } from '@app/events';
import type { EventRecord } from '@app/messaging';
import type { StoredDeadLetter } from '@app/persistence';

/** The letter as it came, saying which letter it was. */
export function toReplayRecord({ id, projectId, key, value, headers }: StoredDeadLetter): EventRecord {
  return {
    key: key ?? Buffer.from(`${projectId}:dead-letter-${id}`),
    value,
    headers: { ...headers, replay_of: Buffer.from(id) },
  };
}

/** The event that a door has made of a letter now. The headers of the refusal would make it one again. */
export function toAcceptedRecord({ id, projectId, headers }: StoredDeadLetter, event: Event): EventRecord {
  const requestId = headers['request_id']?.[0] ?? Buffer.from(`dead-letter-${id}`);
  return {
    key: Buffer.from(partitionKey(event)),
    value: encodeEvent(event),
    headers: { request_id: requestId, project: Buffer.from(String(projectId)), replay_of: Buffer.from(id) },
  };
}
