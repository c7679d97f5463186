import { encodeEvent, partitionKey, type Event } from '@app/events';
import { headerText, type LogRecord, type RecordHeaders } from './log-record';

/** What an int4 holds. */
const MAX_PROJECT = 2_147_483_647;

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

let knownHeader: Buffer | undefined;
let knownProject: number | undefined;

/**
 * Whose record it is; undefined when its header is missing or no number. Remembers the last header: nearly all records
 * are of one project, and comparing bytes is cheaper than reading them.
 */
export function projectOf({ headers }: Pick<LogRecord, 'headers'>): number | undefined {
  const header = headers['project'];
  if (Buffer.isBuffer(header) && knownHeader?.equals(header) === true) return knownProject;
  const project = readProject(headers);
  [knownHeader, knownProject] = [Buffer.isBuffer(header) ? Buffer.from(header) : undefined, project];
  return project;
}

function readProject(headers: RecordHeaders): number | undefined {
  const text = headerText(headers, 'project');
  const id = text !== undefined && /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
  return id !== undefined && id <= MAX_PROJECT ? id : undefined;
}
