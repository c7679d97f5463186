import type { KnownEvents, SentEvent } from './known-events';

/** An event as a reader gets it. */
export interface SeenEvent {
  readonly event_id: string;
  readonly occurred_at: string;
  readonly name: string;
  readonly user_id: string | null;
  readonly amount: number | null;
  readonly data: unknown;
}

export interface ListCheck {
  readonly known: KnownEvents;
  /** Taken before the first page was asked for. */
  readonly mark: number;
  readonly matches: (event: SentEvent) => boolean;
}

/** Pure. What is wrong with a list that was read to its end: something missing, twice, out of order, or not as it was sent. */
export function checkList(seen: readonly SeenEvent[], { known, mark, matches }: ListCheck): string[] {
  const complaints: string[] = [];
  const ids = new Set(seen.map(({ event_id }) => event_id));
  const may = new Set(known.may(mark).map(({ event_id }) => event_id));
  const lost = known.must(mark).filter((event) => matches(event) && !ids.has(event.event_id));
  if (lost.length > 0) complaints.push(`${lost.length} hidden, like ${JSON.stringify(lost[0])}`);
  if (ids.size < seen.length) complaints.push(`${seen.length - ids.size} doubled, like ${twice(seen) ?? ''}`);
  for (const event of seen) {
    const sent = known.find(event.event_id);
    if (sent === undefined || !may.has(event.event_id))
      complaints.push(`not there to be seen: ${JSON.stringify(event)}`);
    else if (!isAsSent(event, sent)) complaints.push(`not as it was sent: ${JSON.stringify([event, sent])}`);
    else if (!matches(sent)) complaints.push(`does not match: ${JSON.stringify(event)}`);
  }
  const turned = seen.findIndex((event, index) => index > 0 && !isBehind(event, seen[index - 1]!));
  if (turned !== -1) complaints.push(`not in order: ${JSON.stringify(seen.slice(turned - 1, turned + 1))}`);
  return complaints;
}

export function isAsSent(seen: SeenEvent, sent: SentEvent): boolean {
  return essence(seen) === essence(sent);
}

function essence({ event_id, occurred_at, name, user_id, amount, data }: SeenEvent): string {
  return JSON.stringify([event_id, occurred_at, name, user_id, amount, data]);
}

/** Newest first, and among those of one millisecond by id. */
function isBehind(event: SeenEvent, before: SeenEvent): boolean {
  if (event.occurred_at !== before.occurred_at) return event.occurred_at < before.occurred_at;
  return event.event_id < before.event_id;
}

function twice(seen: readonly SeenEvent[]): string | undefined {
  return seen.map(({ event_id }) => event_id).find((id, index, ids) => ids.indexOf(id) !== index);
}
