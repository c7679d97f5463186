const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** Days back from today of which minutes are counted. */
const HOT_DAYS = 7;

/** 0001-01-01, before which no event occurs. */
const FIRST_DAY = -719_162;

/** There are fewer days than this from year 1 to year 9999. */
const DAYS = 2 ** 22;

/** Days since 1970-01-01, UTC. */
export function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

/** Milliseconds since 1970, at the start of the minute. */
export function minuteOf(ms: number): number {
  return Math.floor(ms / MINUTE_MS) * MINUTE_MS;
}

/** The first day of the month, as a day. */
export function monthOf(day: number): number {
  return day - new Date(day * DAY_MS).getUTCDate() + 1;
}

/** Where the hot window begins: the start of today 7 days ago, UTC. */
export function hotWindowStart(now: Date): Date {
  return new Date((dayOf(now.getTime()) - HOT_DAYS) * DAY_MS);
}

/**
 * From when on minutes are counted and kept: a day before the hot window, so that whose clock is past midnight already still
 * counts what belongs to the window of the others.
 */
export function countedMinutesStart(now: Date): Date {
  return new Date(hotWindowStart(now).getTime() - DAY_MS);
}

/** Project and day as one safe integer, by which they sort. */
export function dayKeyOf(projectId: number, day: number): number {
  return projectId * DAYS + (day - FIRST_DAY);
}
