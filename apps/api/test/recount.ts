/** What of an event the statistics count. */
export interface CountedEvent {
  readonly event_id: string;
  readonly occurred_at: string;
  readonly name: string;
  readonly user_id?: string | undefined;
  readonly amount?: number | undefined;
}

const DAY_MS = 86_400_000;

function dayOf(event: CountedEvent): string {
  return new Date(event.occurred_at).toISOString().slice(0, 10);
}

function later(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** The answers of the statistics, counted plainly from the events themselves; of two with one id the first counts. */
export class Recount {
  private readonly events: readonly CountedEvent[];
  private readonly usersByDay = new Map<string, Set<string>>();
  private readonly firstDays = new Map<string, string>();

  constructor(sent: readonly CountedEvent[]) {
    const byId = new Map<string, CountedEvent>();
    for (const event of sent) if (!byId.has(event.event_id)) byId.set(event.event_id, event);
    this.events = [...byId.values()];
    for (const event of this.events) {
      const day = dayOf(event);
      if (event.user_id === undefined) continue;
      this.usersByDay.set(day, (this.usersByDay.get(day) ?? new Set<string>()).add(event.user_id));
      const first = this.firstDays.get(event.user_id);
      if (first === undefined || day < first) this.firstDays.set(event.user_id, day);
    }
  }

  get size(): number {
    return this.events.length;
  }

  /** Days that have users, oldest first. */
  get days(): string[] {
    return [...this.usersByDay.keys()].sort();
  }

  dau(from: string, to: string): unknown {
    const days = this.days.filter((day) => day >= from && day <= to);
    return days.map((date) => ({ date, unique_users: this.usersByDay.get(date)?.size }));
  }

  topEvents(from: string, to: string, limit: number): unknown {
    const counts = new Map<string, number>();
    for (const event of this.events) {
      const day = dayOf(event);
      if (day >= from && day <= to) counts.set(event.name, (counts.get(event.name) ?? 0) + 1);
    }
    const sorted = [...counts].sort(([a, some], [b, others]) => others - some || byBytes(a, b));
    return sorted.slice(0, limit).map(([name, count]) => ({ name, count }));
  }

  retention(startDay: string, windows: number, cohort: 'active' | 'new'): unknown {
    const users = [...(this.usersByDay.get(startDay) ?? [])].filter(
      (user) => cohort === 'active' || this.firstDays.get(user) === startDay,
    );
    return {
      cohort_size: users.length,
      windows: Array.from({ length: windows }, (_, day) => {
        const active = this.usersByDay.get(later(startDay, day));
        const count = users.filter((user) => active?.has(user)).length;
        return { day, count, rate: users.length === 0 ? null : count / users.length };
      }),
    };
  }

  /** Of minutes that have events, oldest first; amounts have at most 2 decimals. @param to the last minute. */
  perMinute(from: Date, to: Date, name?: string): unknown {
    const totals = new Map<string, { count: number; cents: number }>();
    for (const event of this.events) {
      const at = new Date(event.occurred_at);
      at.setUTCSeconds(0, 0);
      if (at < from || at > to || (name !== undefined && event.name !== name)) continue;
      const { count, cents } = totals.get(at.toISOString()) ?? { count: 0, cents: 0 };
      totals.set(at.toISOString(), { count: count + 1, cents: cents + Math.round((event.amount ?? 0) * 100) });
    }
    const sorted = [...totals].sort(([a], [b]) => byBytes(a, b));
    return sorted.map(([minute, { count, cents }]) => ({
      minute,
      event_count: count,
      total_amount: Number(`${cents}e-2`),
    }));
  }
}
