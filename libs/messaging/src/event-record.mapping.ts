import { encodeEvent, partitionKey, type Event } from '@app/events';

/** An event as it goes onto the log, whatever carries it. */
export interface EventRecord {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly headers: Readonly<Record<'request_id' | 'project', Buffer>>;
}

/** The records of one call, in order. Records of one call and project share their headers. */
export function toEventRecords(events: readonly Event[], requestId: string): EventRecord[] {
  const request = Buffer.from(requestId);
  let headers: EventRecord['headers'] | undefined;
  let project: number | undefined;
  return events.map((event) => {
    if (headers === undefined || event.projectId !== project) {
      project = event.projectId;
      headers = { request_id: request, project: Buffer.from(String(project)) };
    }
    return { key: Buffer.from(partitionKey(event)), value: encodeEvent(event), headers };
  });
}
