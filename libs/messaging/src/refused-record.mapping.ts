import type { EventRecord, Origin } from './event-record.mapping';
import { headerText, type RecordHeaders } from './log-record';

/** Why a door has not made an event of what it was sent. */
export interface Refusal {
  /** Which door: it alone can read the value again. */
  readonly door: string;
  /** Stable code, for programs. */
  readonly reason: string;
  /** For people. Holds no values of what was sent. */
  readonly detail: string;
  /** The id that the event would have had, where it can be told. */
  readonly eventId: string | undefined;
}

/** What a door was sent and could not take, on its way to the dead letters: a client of it is never told. */
export interface RefusedValue extends Refusal {
  readonly projectId: number;
  /** As the client sent it. */
  readonly value: Buffer;
}

/** The record of a refusal: its header says that it is none of an event. */
export function toRefusedRecord(refused: RefusedValue, { requestId }: Origin): EventRecord {
  const { projectId, door, reason, detail, eventId, value } = refused;
  const texts = { request_id: requestId, project: String(projectId), refused: reason, refused_detail: detail, door };
  const headers = Object.entries(eventId === undefined ? texts : { ...texts, event_id: eventId });
  return {
    key: Buffer.from(`${projectId}:${eventId ?? requestId}`),
    value,
    headers: Object.fromEntries(headers.map(([name, text]) => [name, Buffer.from(text)])),
  };
}

/** The refusal that a record carries; undefined for every other record. */
export function readRefusal(headers: RecordHeaders): Refusal | undefined {
  if (headers['refused'] === undefined) return undefined; // nearly always: costs a look
  return {
    door: headerText(headers, 'door') ?? '',
    reason: headerText(headers, 'refused') ?? '',
    detail: headerText(headers, 'refused_detail') ?? '',
    eventId: headerText(headers, 'event_id'),
  };
}
