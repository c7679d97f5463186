const DAY_MS = 86_400_000;

/** Days are UTC, of the years 1 to 9999, and written `2026-11-21`; such text sorts as the days do. */
export interface DayRange {
  readonly from: string;
  /** Included. */
  readonly to: string;
}

/** The UTC day that an instant falls on. */
export function dayOf(instant: Date): string {
  return instant.toISOString().slice(0, 10);
}

/** The day that comes `days` later, or earlier when negative. */
export function shiftDay(day: string, days: number): string {
  return dayOf(new Date(Date.parse(day) + days * DAY_MS));
}

/** How many days `to` is later than `from`. */
export function daysBetween({ from, to }: DayRange): number {
  return (Date.parse(to) - Date.parse(from)) / DAY_MS;
}
