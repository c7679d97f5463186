import type { Queryable } from '@app/persistence';
import { coverOf } from './month-cover';
import { dayOf, daysBetween, shiftDay, type DayRange } from './utc-day';

const DAY_MS = 86_400_000;
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

interface MinuteRow {
  readonly at: number;
  readonly events: number;
  readonly amount: number;
}

/**
 * The numbers of one project, from the tables that are changed in the transaction that stores an event: they count
 * exactly the events that are stored at one moment, however many those are. Days and minutes are UTC.
 */
export class Statistics {
  constructor(private readonly database: Queryable) {}

  /** Users by day, oldest first. Only events with a user count. */
  async dau(projectId: number, { from, to, fill }: DayRange & Filling): Promise<DailyUsers[]> {
    const rows = await this.database.query<{ day: number; users: number }>(
      `SELECT day - date '1970-01-01' AS day, users::float8 AS users
       FROM day_users WHERE project_id = $1 AND day >= $2 AND day <= $3 AND users > 0
       ORDER BY day`,
      [projectId, from, to],
    );
    const found = rows.map(({ day, users }) => ({ date: dayOf(new Date(day * DAY_MS)), uniqueUsers: users }));
    if (fill !== true) return found;
    const users = new Map(found.map(({ date, uniqueUsers }) => [date, uniqueUsers]));
    return Array.from({ length: daysBetween({ from, to }) + 1 }, (_, index) => {
      const date = shiftDay(from, index);
      return { date, uniqueUsers: users.get(date) ?? 0 };
    });
  }

  /** The names with the most events, and how many events have names that were not counted one by one. */
  async topEvents(projectId: number, { limit, ...range }: DayRange & { readonly limit: number }): Promise<TopEvents> {
    const { months, days } = coverOf(range);
    // The empty name stands for all that have no row of their own; it comes first, beyond the limit.
    const rows = await this.database.query<NameCount>(
      `SELECT name, sum(events)::float8 AS count
       FROM (
         SELECT name, event_count AS events FROM month_metrics
         WHERE project_id = $1 AND month >= $3 AND month <= $4
         UNION ALL
         SELECT d.name, part.sign * d.event_count
         FROM unnest($5::date[], $6::date[], $7::int[]) AS part (first_day, last_day, sign)
         CROSS JOIN LATERAL (
           SELECT name, event_count FROM day_metrics
           WHERE project_id = $1 AND day >= part.first_day AND day <= part.last_day
         ) d
       ) counted
       GROUP BY name HAVING sum(events) > 0
       ORDER BY name <> '', sum(events) DESC, name
       LIMIT $2 + 1`,
      [
        projectId,
        limit,
        months?.from ?? null,
        months?.to ?? null,
        days.map((part) => part.from),
        days.map((part) => part.to),
        days.map((part) => part.sign),
      ],
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
    const last = Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS;
    const first = last - (minutes - 1) * MINUTE_MS;
    const rows = await (name === undefined
      ? this.minutesOfAll(projectId, first, last)
      : this.minutesOfName(projectId, name, { first, last }));
    const found = rows.map(({ at, events, amount }) => minuteTotals(at * 1000, events, amount));
    if (fill !== true) return found;
    const totals = new Map(found.map((one) => [one.minute.getTime(), one]));
    return Array.from({ length: minutes }, (_, index) => {
      const minute = first + index * MINUTE_MS;
      return totals.get(minute) ?? minuteTotals(minute, 0, 0);
    });
  }

  private minutesOfAll(projectId: number, first: number, last: number): Promise<MinuteRow[]> {
    return this.database.query(
      `SELECT extract(epoch FROM minute)::float8 AS at, event_count::float8 AS events, total_amount::float8 AS amount
       FROM minute_totals WHERE project_id = $1 AND minute >= $2 AND minute <= $3
       ORDER BY minute`,
      [projectId, iso(first), iso(last)],
    );
  }

  private minutesOfName(
    projectId: number,
    name: string,
    { first, last }: { readonly first: number; readonly last: number },
  ): Promise<MinuteRow[]> {
    const { from, to } = { from: dayOf(new Date(first)), to: dayOf(new Date(last)) };
    // A day has a name in a row of its own or among the others under the empty name, never in both. The grouping keeps
    // the planner from joining the other way round, by a scan of all events.
    return this.database.query(
      `SELECT extract(epoch FROM minute)::float8 AS at, event_count::float8 AS events, total_amount::float8 AS amount
       FROM (
         SELECT minute, event_count, total_amount FROM minute_metrics
         WHERE project_id = $1 AND minute >= $2 AND minute <= $3 AND name = $4
         UNION ALL
         SELECT e.minute, e.event_count, e.total_amount
         FROM day_metrics others
         CROSS JOIN LATERAL (
           SELECT date_trunc('minute', occurred_at) AS minute, count(*) AS event_count,
             coalesce(sum(amount), 0) AS total_amount
           FROM events
           WHERE project_id = $1 AND name = $4
             AND occurred_at >= greatest($2, others.day::timestamp AT TIME ZONE 'UTC')
             AND occurred_at < least($3 + interval '1 minute', (others.day + 1)::timestamp AT TIME ZONE 'UTC')
           GROUP BY 1
         ) e
         WHERE others.project_id = $1 AND others.day >= $5 AND others.day <= $6 AND others.name = ''
           AND NOT EXISTS (
             SELECT FROM day_metrics own WHERE own.project_id = $1 AND own.day = others.day AND own.name = $4
           )
       ) counted
       ORDER BY minute`,
      [projectId, iso(first), iso(last), name, from, to],
    );
  }
}

function minuteTotals(at: number, eventCount: number, totalAmount: number): MinuteTotals {
  return { minute: new Date(at), eventCount, totalAmount };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
