import type { StorableEvent } from '@app/events';
import { SpanCounts, type SpanRow } from './span-counts';
import { dayKeyOf, dayOf, minuteOf, monthOf } from './utc-day';

/** What is counted of an event. */
export type CountedEvent = Pick<StorableEvent, 'projectId' | 'name' | 'amount' | 'occurredAt'>;

/** What events add to the numbers, under their own names. */
export interface EventCounts {
  /** Of events from `minutesFromMs` on: start in milliseconds. */
  readonly minutes: readonly SpanRow[];
  /** Of what is older: start as a day. */
  readonly days: readonly SpanRow[];
}

/** What they add to the tables: names that have no row of their own are together under ''. */
export interface MetricDeltas {
  readonly minuteTotals: readonly SpanRow[];
  readonly minutes: readonly SpanRow[];
  readonly days: readonly SpanRow[];
  readonly months: readonly SpanRow[];
}

/** The names that occur on a day. */
export interface NamesOfDay {
  readonly projectId: number;
  readonly day: number;
  readonly names: ReadonlySet<string>;
}

/** Pure. Counts as finely as any table needs: what is coarser is the sum of it. */
export function countEvents(events: readonly { readonly event: CountedEvent }[], minutesFromMs: number): EventCounts {
  const minutes = new SpanCounts();
  const days = new SpanCounts();
  for (const { event } of events) {
    const { projectId, name, amount } = event;
    const ms = event.occurredAt.getTime();
    const tally = ms < minutesFromMs ? days.at(projectId, dayOf(ms), name) : minutes.at(projectId, minuteOf(ms), name);
    tally.addEvent(amount);
  }
  return { minutes: minutes.rows(), days: days.rows() };
}

/** Pure. By project and day. */
export function namesOfDays(counts: EventCounts): NamesOfDay[] {
  const days = new Map<number, { projectId: number; day: number; names: Set<string> }>();
  for (const { projectId, day, name } of daily(counts)) {
    const key = dayKeyOf(projectId, day);
    const known = days.get(key);
    if (known === undefined) days.set(key, { projectId, day, names: new Set([name]) });
    else known.names.add(name);
  }
  return [...days].sort(([a], [b]) => a - b).map(([, names]) => names);
}

/**
 * Pure. Rows by project, time and name.
 *
 * @param hasOwnRow of a name on a day.
 */
export function metricDeltas(
  counts: EventCounts,
  hasOwnRow: (projectId: number, day: number, name: string) => boolean,
): MetricDeltas {
  const minutes = new SpanCounts();
  const days = new SpanCounts();
  const months = new SpanCounts();
  for (const { projectId, start, day, name, tally, hot } of daily(counts)) {
    const rowName = hasOwnRow(projectId, day, name) ? name : '';
    if (hot) minutes.at(projectId, start, rowName).addAll(tally);
    days.at(projectId, day, rowName).addAll(tally);
    months.at(projectId, monthOf(day), rowName).addAll(tally);
  }
  return { minuteTotals: minutes.totals(), minutes: minutes.rows(), days: days.rows(), months: months.rows() };
}

function* daily({ minutes, days }: EventCounts): Generator<SpanRow & { readonly day: number; readonly hot: boolean }> {
  for (const row of minutes) yield { ...row, day: dayOf(row.start), hot: true };
  for (const row of days) yield { ...row, day: row.start, hot: false };
}

/** Pure. What takes away from the tables what these would add. */
export function negated({ minuteTotals, minutes, days, months }: MetricDeltas): MetricDeltas {
  const negate = (rows: readonly SpanRow[]): SpanRow[] => rows.map((row) => ({ ...row, tally: row.tally.negated() }));
  return { minuteTotals: negate(minuteTotals), minutes: negate(minutes), days: negate(days), months: negate(months) };
}
