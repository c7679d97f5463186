import type { ServerResponse } from 'node:http';
import type { Principal } from './key-ring';

/** Of every answer to a read: some events of the project before this UTC day were dropped, though their numbers stay. */
export const EVENTS_FROM = 'Millrace-Events-From';

/** Only of projects of which events were dropped. */
export function tellEventsFrom(response: ServerResponse, { eventsFrom }: Principal): void {
  if (eventsFrom !== undefined) response.setHeader(EVENTS_FROM, eventsFrom);
}
