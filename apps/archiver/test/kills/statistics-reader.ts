import type { AskText } from './ask';
import type { KnownEvents, SentEvent } from './known-events';
import type { Pass } from './watch';

const DAY_MS = 86_400_000;
const DAYS_AT_ONCE = 4;
const WINDOWS = 8;

/** Figures by what they count. */
type Figures = ReadonlyMap<string, number>;

/**
 * Asks for numbers, and holds them between those of the events that were stored before and those of the events that were
 * sent until after the answer. What only grows is never to step back.
 */
export function statisticsReader(ask: AskText, known: KnownEvents, boundary: Date): Pass {
  const last = new Map<string, number>();
  let departures = 0;
  return async () => {
    if (known.departures !== departures || known.areLeaving) last.clear();
    departures = known.departures;
    const complaints: string[] = [];
    for (const { path, read, count } of questions(boundary)) {
      const mark = known.mark();
      const figures = read(JSON.parse(await ask(path)));
      const bounds = { least: count(known.must(mark)), most: count(known.may(mark)) };
      complaints.push(
        ...outOfBounds(figures, bounds),
        ...(known.departures === departures && !known.areLeaving ? stepsBack(figures, last) : []),
      );
    }
    return complaints;
  };
}

interface Question {
  readonly path: string;
  /** Figures of the answer. */
  readonly read: (answer: unknown) => Figures;
  /** The same figures of these events. */
  readonly count: (events: readonly SentEvent[]) => Figures;
}

function questions(boundary: Date): Question[] {
  const first = dayAt(boundary, -40);
  const today = dayAt(new Date(), 0);
  const some = Array.from({ length: DAYS_AT_ONCE }, () => dayAt(boundary, -Math.floor(Math.random() * 31) - 1));
  return [
    dailyUsers(first, today),
    topEvents(first, today),
    ...some.map((day) => topEvents(day, day)),
    retention(some[0]!),
  ];
}

function dailyUsers(from: string, to: string): Question {
  return {
    path: `/api/v1/stats/dau?from=${from}&to=${to}`,
    read: (answer) =>
      figuresOf(answer as { date: string; unique_users: number }[], ({ date, unique_users }) => [
        `users of ${date}`,
        unique_users,
      ]),
    count: (events) => countDistinct(events, (event) => `users of ${dayOf(event)}`, ({ user_id }) => user_id), // prettier-ignore
  };
}

function topEvents(from: string, to: string): Question {
  const label = (name: string): string => `${name} from ${from} to ${to}`;
  return {
    path: `/api/v1/stats/top-events?from=${from}&to=${to}&limit=1000`,
    read: (answer) => figuresOf(answer as { name: string; count: number }[], ({ name, count }) => [label(name), count]),
    count: (events) => {
      const within = events.filter((event) => from <= dayOf(event) && dayOf(event) <= to);
      return countDistinct(within, ({ name }) => label(name), ({ event_id }) => event_id); // prettier-ignore
    },
  };
}

/** Of those who were active on a day. */
function retention(start: string): Question {
  const label = (day: number): string => `active on ${start} and ${day} days later`;
  return {
    path: `/api/v1/stats/retention?start_date=${start}&windows=${WINDOWS}&cohort=active`,
    read: (answer) =>
      figuresOf((answer as { windows: { day: number; count: number }[] }).windows, ({ day, count }) => [
        label(day),
        count,
      ]),
    count: (events) => {
      const cohort = new Set(events.filter((event) => dayOf(event) === start).map(({ user_id }) => user_id));
      const days = new Map(Array.from({ length: WINDOWS }, (_, day) => [dayAt(new Date(start), day), day]));
      const active = events.filter((event) => cohort.has(event.user_id) && days.has(dayOf(event)));
      return countDistinct(active, (event) => label(days.get(dayOf(event)) ?? 0), ({ user_id }) => user_id); // prettier-ignore
    },
  };
}

function outOfBounds(figures: Figures, { least, most }: { readonly least: Figures; readonly most: Figures }): string[] {
  const complaints: string[] = [];
  for (const label of new Set([...figures.keys(), ...least.keys()])) {
    const [figure, from, to] = [figures, least, most].map((each) => each.get(label) ?? 0) as [number, number, number];
    if (figure < from || figure > to) complaints.push(`${label}: ${figure}, not ${from} to ${to}`);
  }
  return complaints;
}

function stepsBack(figures: Figures, last: Map<string, number>): string[] {
  const complaints: string[] = [];
  for (const [label, figure] of figures) {
    const before = last.get(label) ?? 0;
    if (figure < before) complaints.push(`${label}: ${figure} after ${before}`);
    last.set(label, figure);
  }
  return complaints;
}

function figuresOf<Row>(rows: readonly Row[], figure: (row: Row) => [string, number]): Figures {
  return new Map(rows.map(figure));
}

function countDistinct<T>(items: readonly T[], group: (item: T) => string, value: (item: T) => string): Figures {
  const groups = new Map<string, Set<string>>();
  for (const item of items) groups.set(group(item), (groups.get(group(item)) ?? new Set<string>()).add(value(item)));
  return new Map([...groups].map(([label, values]) => [label, values.size]));
}

function dayOf({ occurred_at }: SentEvent): string {
  return occurred_at.slice(0, 10);
}

function dayAt(time: Date, later: number): string {
  return new Date(time.getTime() + later * DAY_MS).toISOString().slice(0, 10);
}
