import { isUuid } from '@app/events';
import type { EventPlace } from '@app/persistence';
import { problems, ProblemError } from '../transport/problem';

/** Milliseconds of the years 1 to 9999: what an event can have. */
const EARLIEST_MS = -62_135_596_800_000;
const LATEST_MS = 253_402_300_799_999;

/** The place behind which the next page begins. Opaque to clients. */
export function toCursor({ occurredAt, eventId }: EventPlace): string {
  return Buffer.from(`${occurredAt.getTime()}.${eventId}`).toString('base64url');
}

/** @throws {ProblemError} 422 for anything that `toCursor` did not make. */
export function readCursor(cursor: string): EventPlace {
  const [ms = '', eventId = '', ...rest] = Buffer.from(cursor, 'base64url').toString('latin1').split('.');
  const instant = /^-?\d{1,15}$/.test(ms) ? Number(ms) : NaN;
  const valid = instant >= EARLIEST_MS && instant <= LATEST_MS && isUuid(eventId) && rest.length === 0;
  if (valid) return { occurredAt: new Date(instant), eventId };
  const error = { field: 'cursor', code: 'format', message: 'is none of this list' };
  throw new ProblemError(problems.invalid('A parameter is not valid.', [error]));
}
