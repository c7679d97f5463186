import { encodeEvent, partitionKey, type Event } from '@app/events';
import type { RecordHeaders } from './log-record';

/** A record as it goes onto the log, whatever carries it. */
export interface EventRecord {
  /** Decides on the partition: records of one key stay in order. */
  readonly key: Buffer;
  readonly value: Buffer | null;
  readonly headers: RecordHeaders;
}

/** The request that brought the events; told in the headers of their records. */
export interface Origin {
  readonly requestId: string;
  /** UUID of the request for those that wait until the events are stored, so that it can tell its own rows. */
  readonly ingestId?: string | undefined;
}

/** The records of one call, in order. Records of one call and project share their headers. */
export function toEventRecords(events: readonly Event[], { requestId, ingestId }: Origin): EventRecord[] {
  const request = Buffer.from(requestId);
  let headers: RecordHeaders = {};
  let project: number | undefined;
  return events.map((event) => {
    if (event.projectId !== project) {
      project = event.projectId;
      headers = { request_id: request, project: Buffer.from(String(project)) };
      if (ingestId !== undefined) headers = { ...headers, ingest_id: Buffer.from(ingestId) };
    }
    return { key: Buffer.from(partitionKey(event)), value: encodeEvent(event), headers };
  });
}
