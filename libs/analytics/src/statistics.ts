import type { Queryable } from '@app/persistence';
import { coverOf } from './month-cover';
import { dayOf, daysOf, type DayRange } from './utc-day';

const MINUTE_MS = 60_000;

/** How many users a day had; none of them counts twice. */
export interface DailyUsers {
  readonly date: string;
  readonly uniqueUsers: number;
}

export interface NameCount {
  readonly name: string;
  readonly count: number;
}

export interface TopEvents {
  /** The most frequent first, ties by the bytes of the name in UTF-8. */
  readonly names: readonly NameCount[];
  /**
   * Events that no name's count has: at most 1000 names per project and day are counted by themselves, those that come
   * later on that day only here.
   */
  readonly otherCount: number;
}

/** Whose return is asked for: all users of the first day, or those whose first day it is. */
export type Cohort = 'active' | 'new';

export interface RetentionWindow {
  /** Days after the first, which is 0. */
  readonly day: number;
  /** Users of the cohort who have an event on that day. */
  readonly count: number;
  /** `count` by the size of the cohort, as the nearest double; null for an empty cohort. */
  readonly rate: number | null;
}

export interface Retention {
  readonly cohortSize: number;
  readonly windows: readonly RetentionWindow[];
}

export interface MinuteTotals {
  readonly minute: Date;
  readonly eventCount: number;
  /** The exact sum of the amounts, as the nearest double. */
  readonly totalAmount: number;
}

/** For what has no row: leave it out, or give it with zeros. */
interface Filling {
  readonly fill?: boolean | undefined;
}

const COHORT_COLUMNS: Readonly<Record<Cohort, { readonly size: string; readonly active: string }>> = {
  active: { size: 'users', active: 'active_users' },
  new: { size: 'new_users', active: 'new_users' },
};

/**
 * The text of a PostgreSQL array of numbers; null when there are none. One row of arrays instead of many rows: a century
 * of days takes 3 ms of CPU so, and 50 ms as rows.
 */
type NumberArray = string | null;

interface MinuteColumns {
  readonly minutes: NumberArray;
  readonly events: NumberArray;
  readonly amounts: NumberArray;
}

/** The three columns out of the rows of a query with `minute`, `event_count` and `total_amount`. */
function minuteColumns(rows: string): string {
  return `SELECT array_agg(date_part('epoch', minute) / 60 ORDER BY minute)::text AS minutes,
      array_agg(event_count ORDER BY minute)::text AS events, array_agg(total_amount ORDER BY minute)::text AS amounts
    FROM (${rows}) counted`;
}

/**
 * The numbers of one project, from the tables that are changed in the transaction that stores an event: they count
 * exactly the events that are stored at one moment, however many those are. Days and minutes are UTC.
 */
export class Statistics {
  constructor(private readonly database: Queryable) {}

  /** Users by day, oldest first. Only events with a user count. */
  async dau(projectId: number, { from, to, fill }: DayRange & Filling): Promise<DailyUsers[]> {
    const [row] = await this.database.query<{ readonly days: NumberArray; readonly users: NumberArray }>(
      `SELECT array_agg(day - $2::date ORDER BY day)::text AS days, array_agg(users ORDER BY day)::text AS users
       FROM day_users WHERE project_id = $1 AND day >= $2 AND day <= $3 AND users > 0`,
      [projectId, from, to],
    );
    const [places, users] = [numbersOf(row?.days), numbersOf(row?.users)];
    const dates = daysOf({ from, to });
    if (fill !== true) return places.map((place, index) => dailyUsers(dates[place], users[index]));
    const filled = dates.map((date) => dailyUsers(date, 0));
    places.forEach((place, index) => (filled[place] = dailyUsers(dates[place], users[index])));
    return filled;
  }

  /** The names with the most events, and how many events have names that were not counted one by one. */
  async topEvents(projectId: number, { limit, ...range }: DayRange & { readonly limit: number }): Promise<TopEvents> {
    const { months, days } = coverOf(range);
    // A part a branch, with its days as plain conditions: of a join with the parts the planner makes a scan of all days.
    const parts = [
      ...(months === undefined ? [] : [{ table: 'month_metrics', column: 'month', sign: 1, ...months }]),
      ...days.map((part) => ({ table: 'day_metrics', column: 'day', ...part })),
    ];
    const branches = parts.map(
      ({ table, column, sign }, index) =>
        `SELECT name, ${sign} * event_count AS events FROM ${table}
         WHERE project_id = $1 AND ${column} >= $${3 + 2 * index} AND ${column} <= $${4 + 2 * index}`,
    );
    // The empty name stands for all that have no row of their own; it comes first, beyond the limit.
    const rows = await this.database.query<NameCount>(
      `SELECT name, sum(events)::float8 AS count
       FROM (${branches.join(' UNION ALL ')}) counted
       GROUP BY name HAVING sum(events) > 0
       ORDER BY name <> '', sum(events) DESC, name
       LIMIT $2 + 1`,
      [projectId, limit, ...parts.flatMap(({ from, to }) => [from, to])],
    );
    const [first, ...others] = rows;
    if (first?.name === '') return { names: others, otherCount: first.count };
    return { names: rows.slice(0, limit), otherCount: 0 };
  }

  /** How many users of a day came again on each of the days after it. Reads a row a day, whatever the cohort's size. */
  async retention(
    projectId: number,
    { startDay, windows, cohort }: { readonly startDay: string; readonly windows: number; readonly cohort: Cohort },
  ): Promise<Retention> {
    const { size, active } = COHORT_COLUMNS[cohort];
    const rows = await this.database.query<{ day: number; users: number }>(
      `SELECT 0 AS day, ${size}::float8 AS users FROM day_users WHERE project_id = $1 AND day = $2
       UNION ALL
       SELECT days_later, ${active}::float8 FROM retention_counts
       WHERE project_id = $1 AND start_day = $2 AND days_later < $3`,
      [projectId, startDay, windows],
    );
    const counts = new Map(rows.map(({ day, users }) => [day, users]));
    const cohortSize = counts.get(0) ?? 0;
    return {
      cohortSize,
      windows: Array.from({ length: windows }, (_, day) => {
        const count = counts.get(day) ?? 0;
        return { day, count, rate: cohortSize === 0 ? null : count / cohortSize };
      }),
    };
  }

  /**
   * Events and amounts of the last `minutes` minutes, oldest first; the one that runs at `now` is the last of them. At
   * most 7 days back there are numbers by minute.
   *
   * @param query `name` counts only its events. On a day on which the name was not counted by itself, they are counted
   *   one by one, which takes as long as there are many.
   */
  async perMinute(
    projectId: number,
    query: { readonly now: Date; readonly minutes: number; readonly name?: string | undefined } & Filling,
  ): Promise<MinuteTotals[]> {
    const { now, minutes, name, fill } = query;
    const last = Math.floor(now.getTime() / MINUTE_MS);
    const first = last - minutes + 1;
    const span = { first: new Date(first * MINUTE_MS), last: new Date(last * MINUTE_MS) };
    const columns = await (name === undefined
      ? this.minutesOfAll(projectId, span)
      : this.minutesOfName(projectId, name, span));
    const [events, amounts] = [numbersOf(columns?.events), numbersOf(columns?.amounts)];
    const found = numbersOf(columns?.minutes).map((minute, index) =>
      minuteTotals(minute, events[index], amounts[index]),
    );
    if (fill !== true) return found;
    const filled = Array.from({ length: minutes }, (_, index) => minuteTotals(first + index, 0, 0));
    for (const totals of found) filled[totals.minute.getTime() / MINUTE_MS - first] = totals;
    return filled;
  }

  private async minutesOfAll(projectId: number, { first, last }: MinuteSpan): Promise<MinuteColumns | undefined> {
    const [columns] = await this.database.query<MinuteColumns>(
      minuteColumns(`
        SELECT minute, event_count, total_amount FROM minute_totals
        WHERE project_id = $1 AND minute >= $2 AND minute <= $3`),
      [projectId, first.toISOString(), last.toISOString()],
    );
    return columns;
  }

  private async minutesOfName(
    projectId: number,
    name: string,
    { first, last }: MinuteSpan,
  ): Promise<MinuteColumns | undefined> {
    const days = daysOf({ from: dayOf(first), to: dayOf(last) });
    const parameters = [projectId, first.toISOString(), last.toISOString(), name, days];
    // The events are another statement: to plan it takes several times what this one takes, and it is seldom needed.
    const [own] = await this.database.query<MinuteColumns & { readonly complete: boolean }>(
      `SELECT own.*, NOT EXISTS (${DAYS_AMONG_OTHERS}) AS complete FROM (${minuteColumns(MINUTES_OF_NAME)}) own`,
      parameters,
    );
    if (own?.complete !== false) return own;
    const [all] = await this.database.query<MinuteColumns>(
      minuteColumns(`${MINUTES_OF_NAME} UNION ALL ${MINUTES_AMONG_OTHERS}`),
      parameters,
    );
    return all;
  }
}

interface MinuteSpan {
  readonly first: Date;
  readonly last: Date;
}

/** Minute by minute, since the index has the name last: of the whole span it would read every name. */
const MINUTES_OF_NAME = `
  SELECT minute, event_count, total_amount FROM minute_metrics
  WHERE project_id = $1 AND name = $4
    AND minute = ANY (ARRAY (SELECT generate_series($2::timestamptz, $3::timestamptz, interval '1 minute')))`;

/** A day has a name in a row of its own or among the others, under the empty name; never in both. */
const DAYS_AMONG_OTHERS = `
  SELECT day FROM day_metrics others
  WHERE project_id = $1 AND day = ANY ($5::date[]) AND name = '' AND NOT EXISTS (
    SELECT FROM day_metrics own WHERE own.project_id = $1 AND own.day = others.day AND own.name = $4)`;

/** The grouping keeps the planner from joining the other way round, by a scan of all events. */
const MINUTES_AMONG_OTHERS = `
  SELECT e.minute, e.event_count, e.total_amount
  FROM (${DAYS_AMONG_OTHERS}) others
  CROSS JOIN LATERAL (
    SELECT date_trunc('minute', occurred_at) AS minute, count(*) AS event_count, coalesce(sum(amount), 0) AS total_amount
    FROM events
    WHERE project_id = $1 AND name = $4
      AND occurred_at >= greatest($2, others.day::timestamp AT TIME ZONE 'UTC')
      AND occurred_at < least($3 + interval '1 minute', (others.day + 1)::timestamp AT TIME ZONE 'UTC')
    GROUP BY 1
  ) e`;

function numbersOf(array: NumberArray | undefined): number[] {
  // Both write numbers alike, and JSON.parse rounds a decimal to the nearest double.
  return array === null || array === undefined ? [] : (JSON.parse(`[${array.slice(1, -1)}]`) as number[]);
}

function dailyUsers(date = '', uniqueUsers = 0): DailyUsers {
  return { date, uniqueUsers };
}

/** @param minute since 1970. */
function minuteTotals(minute: number, eventCount = 0, totalAmount = 0): MinuteTotals {
  return { minute: new Date(minute * MINUTE_MS), eventCount, totalAmount };
}
