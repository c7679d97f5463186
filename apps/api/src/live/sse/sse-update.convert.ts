import type { StorableEvent } from '@app/events';
import type { PlacedEvent } from '../live-event';
import type { LiveUpdate } from '../live-update';

/** What an EventSource waits before it connects again. */
const RETRY_MS = 2000;

/** Sent first: the head of the answer leaves with it, whatever is waited for. */
export const GREETING = `retry: ${RETRY_MS}\n\n`;

const jsonOf = new WeakMap<StorableEvent, string>();
const framesOf = new WeakMap<readonly PlacedEvent[], Buffer>();

/**
 * An update as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). Subscribers that are
 * given the same events get the same bytes: the text of an event is made once, and so is that of many together.
 */
export function toSseFrames(update: LiveUpdate): Buffer | string {
  switch (update.kind) {
    case 'events':
      return eventFrames(update.events);
    case 'gap':
      return `event: gap\nid: ${update.position}\ndata: ${JSON.stringify(toGapDto(update.partitions))}\n\n`;
    case 'idle':
      // Named, and with empty data: an EventSource tells its page the id only with an event.
      return update.position === undefined ? ':\n\n' : `event: position\nid: ${update.position}\ndata:\n\n`;
    case 'end':
      return update.reason === 'behind' ? 'event: dropped\ndata: {"reason":"behind"}\n\n' : '';
  }
}

/** What a `gap` says: how many records the log no longer had; null where nobody knows. */
export interface GapDto {
  readonly partitions: readonly { readonly partition: number; readonly missing: number | null }[];
  readonly missing: number | null;
}

function toGapDto(partitions: (LiveUpdate & { kind: 'gap' })['partitions']): GapDto {
  const each = partitions.map(({ partition, missing = null }) => ({ partition, missing }));
  const known = each.every(({ missing }) => missing !== null);
  return { partitions: each, missing: known ? each.reduce((sum, { missing }) => sum + (missing ?? 0), 0) : null };
}

function eventFrames(events: readonly PlacedEvent[]): Buffer {
  const made = framesOf.get(events);
  if (made !== undefined) return made;
  let text = '';
  for (const { event, position } of events) text += `id: ${position}\ndata: ${eventJson(event)}\n\n`;
  const frames = Buffer.from(text);
  framesOf.set(events, frames);
  return frames;
}

/** As events are shown everywhere; that PostgreSQL has it is not known yet. One line: JSON has no others. */
function eventJson(event: StorableEvent): string {
  const made = jsonOf.get(event);
  if (made !== undefined) return made;
  const { eventId, name, source = null, userId = null, occurredAt, receivedAt, amount = null, data } = event;
  const json =
    `{"event_id":"${eventId}","name":${JSON.stringify(name)},"source":${JSON.stringify(source)},` +
    `"user_id":${JSON.stringify(userId)},"occurred_at":"${occurredAt.toISOString()}",` +
    `"received_at":"${receivedAt.toISOString()}","stored_at":null,"amount":${amount},` +
    `"data":${oneLine(data)},"context":${event.context ?? null}}`;
  jsonOf.set(event, json);
  return json;
}

/** What our own doors write has no line breaks; a record made by hand may, between its members. */
function oneLine(json: string): string {
  return /[\r\n]/.test(json) ? json.replace(/[\r\n]/g, ' ') : json;
}
