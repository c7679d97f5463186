import type { AskText } from './ask';
import { checkList, type SeenEvent } from './check-list';
import type { KnownEvents, SentEvent } from './known-events';
import type { Pass } from './watch';

interface Walk {
  /** Of the question. */
  readonly filter: (days: Days) => Readonly<Record<string, string>>;
  readonly limit: number;
}

/** Two instants in the time that events are from. */
interface Days {
  readonly from: string;
  readonly to: string;
}

const WALKS: readonly Walk[] = [
  { limit: 200, filter: () => ({}) },
  { limit: 50, filter: ({ from, to }) => ({ from, to }) },
  { limit: 90, filter: ({ from }) => ({ name: 'late', from }) },
  { limit: 7, filter: () => ({ user_id: 'u7' }) },
  { limit: 200, filter: () => ({}) },
  { limit: 25, filter: ({ to }) => ({ name: 'early', to, user_id: 'u3' }) },
];

const DAY_MS = 86_400_000;

/** Walks one list after another from its first page to its last. */
export function listReader(ask: AskText, known: KnownEvents, boundary: Date): Pass {
  let turn = 0;
  return async () => {
    const { filter, limit } = WALKS[turn++ % WALKS.length]!;
    const wanted = filter(someDays(boundary));
    const mark = known.mark();
    const seen = await walk(ask, { ...wanted, limit: String(limit) });
    const complaints = checkList(seen, { known, mark, matches: matching(wanted) });
    return complaints.map((text) => `${JSON.stringify(wanted)} by ${limit}: ${text}`);
  };
}

/** Exports everything, or all of one name, as NDJSON. */
export function exportReader(ask: AskText, known: KnownEvents): Pass {
  let turn = 0;
  return async () => {
    const wanted: Record<string, string> = turn++ % 2 === 0 ? {} : { name: 'late' };
    const mark = known.mark();
    const text = await ask(`/api/v1/events.ndjson?${new URLSearchParams(wanted).toString()}`);
    const seen = text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as SeenEvent); // prettier-ignore
    return checkList(seen, { known, mark, matches: matching(wanted) });
  };
}

async function walk(ask: AskText, query: Readonly<Record<string, string>>): Promise<SeenEvent[]> {
  const seen: SeenEvent[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Record<string, string> = cursor === '' ? query : { ...query, cursor };
    const answer = JSON.parse(await ask(`/api/v1/events?${new URLSearchParams(page).toString()}`)) as {
      readonly data: readonly SeenEvent[];
      readonly next_cursor: string | null;
    };
    seen.push(...answer.data);
    cursor = answer.next_cursor;
  }
  return seen;
}

function someDays(boundary: Date): Days {
  const [from = 0, to = 0] = [Math.random(), Math.random()]
    .sort((a, b) => a - b)
    .map((part) => boundary.getTime() + (part * 40 - 32) * DAY_MS);
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

function matching({ name, user_id, from, to }: Readonly<Record<string, string>>): (event: SentEvent) => boolean {
  return (event) =>
    (name === undefined || event.name === name) &&
    (user_id === undefined || event.user_id === user_id) &&
    (from === undefined || event.occurred_at >= from) &&
    (to === undefined || event.occurred_at < to);
}
