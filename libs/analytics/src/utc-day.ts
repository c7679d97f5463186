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

/** Every day of the range, in order. Month by month: a century takes a tenth of what `shiftDay` for each of its days does. */
export function daysOf({ from, to }: DayRange): string[] {
  const days: string[] = [];
  const last = monthOf(to);
  for (let month = monthOf(from); month <= last; month = shiftMonth(month, 1)) {
    const end = month === last ? dayOfMonth(to) : lengthOf(month);
    for (let day = days.length === 0 ? dayOfMonth(from) : 1; day <= end; day += 1) days.push(dayIn(month, day));
    if (month === last) break; // nothing comes after 9999-12
  }
  return days;
}

/** Months are written `2026-11`. */
export function monthOf(day: string): string {
  return day.slice(0, 7);
}

export function dayOfMonth(day: string): number {
  return Number(day.slice(8));
}

export function dayIn(month: string, day: number): string {
  return day < 10 ? `${month}-0${day}` : `${month}-${day}`;
}

export function shiftMonth(month: string, months: number): string {
  const index = Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1 + months;
  return `${String(Math.floor(index / 12)).padStart(4, '0')}-${String((index % 12) + 1).padStart(2, '0')}`;
}

export function lengthOf(month: string): number {
  // Date.UTC reads the years 0 to 99 as 19xx; the calendar repeats after 400 years.
  return new Date(Date.UTC(Number(month.slice(0, 4)) + 400, Number(month.slice(5)), 0)).getUTCDate();
}
