import type { AskText } from './ask';
import { isAsSent, type SeenEvent } from './check-list';
import type { KnownEvents, SentEvent } from './known-events';
import type { Pass } from './watch';

const EVENTS = 5;
const THERE = ['stored', 'archived'];

/** Reads some events that are stored, each by its id, and what became of it. */
export function singleReader(ask: AskText, known: KnownEvents): Pass {
  return async () => {
    const complaints: string[] = [];
    for (const event of some(known.now())) {
      const seen = JSON.parse(await askUnlessGone(ask, known, event)) as SeenEvent | undefined;
      if (seen !== undefined && !isAsSent(seen, event))
        complaints.push(`is another one: ${JSON.stringify([seen, event])}`);
      const { status } = JSON.parse(await ask(`/api/v1/events/${event.event_id}/trace`)) as { readonly status: string };
      if (!THERE.includes(status) && isStillKnown(known, event)) complaints.push(`${event.event_id} became ${status}`);
    }
    return complaints;
  };
}

/** @throws when it is not answered though it is to be there. @returns JSON. */
async function askUnlessGone(ask: AskText, known: KnownEvents, event: SentEvent): Promise<string> {
  try {
    return await ask(`/api/v1/events/${event.event_id}`);
  } catch (error) {
    if (isStillKnown(known, event)) throw error;
    return 'null';
  }
}

function isStillKnown(known: KnownEvents, { event_id }: SentEvent): boolean {
  return known.now().some((event) => event.event_id === event_id);
}

function some(events: readonly SentEvent[]): SentEvent[] {
  const count = Math.min(EVENTS, events.length);
  return Array.from({ length: count }, () => events[Math.floor(Math.random() * events.length)]!);
}
