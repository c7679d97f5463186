import { daysBetween, shiftDay, type DayRange } from '@app/analytics';
import { parseRfc3339 } from '@app/events';
import { problems, ProblemError, type ProblemDetail } from '../../transport/problem';

/** A hundred years. */
const MAX_DAYS = 36_600;
const DEFAULT_DAYS = 30;
const FIRST_DAY = '0001-01-01';
const DATE = /^\d{4}-\d\d-\d\d$/;

/** What a client gives: dates that nobody has checked. */
export interface GivenDays {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/**
 * The days that a statistic is asked for. Without `to` up to today, without `from` 30 days.
 *
 * @param today the running UTC day.
 * @throws {ProblemError} 422, naming what is wrong.
 */
export function readDayRange(given: GivenDays, today: string): DayRange {
  const wrong = (['from', 'to'] as const).filter((field) => given[field] !== undefined && !isDay(given[field]));
  if (wrong.length > 0) throw refused(wrong.map(notADate));
  const to = given.to ?? today;
  const from = given.from ?? defaultFrom(to);
  if (from > to) throw refused([{ field: 'from', code: 'range', message: `must not be after to (${to})` }]);
  const message = `must leave at most ${MAX_DAYS} days, both ends included`;
  if (daysBetween({ from, to }) >= MAX_DAYS) throw refused([{ field: 'from', code: 'range', message }]);
  return { from, to };
}

/** @throws {ProblemError} 422 when it is missing or no date. */
export function readDay(field: string, given: string | undefined): string {
  if (given === undefined) throw refused([{ field, code: 'required', message: 'is missing' }]);
  if (!isDay(given)) throw refused([notADate(field)]);
  return given;
}

function isDay(text: string): boolean {
  return DATE.test(text) && parseRfc3339(`${text}T00:00:00Z`) !== undefined;
}

function defaultFrom(to: string): string {
  return daysBetween({ from: FIRST_DAY, to }) < DEFAULT_DAYS ? FIRST_DAY : shiftDay(to, 1 - DEFAULT_DAYS);
}

function notADate(field: string): ProblemDetail {
  return { field, code: 'format', message: 'must be a date like 2026-11-21' };
}

function refused(errors: readonly ProblemDetail[]): ProblemError {
  return new ProblemError(problems.invalid('A parameter is not valid.', errors));
}
