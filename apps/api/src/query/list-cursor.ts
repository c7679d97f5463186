import { createHash } from 'node:crypto';
import { isUuid } from '@app/events';
import type { EventFilter, EventPlace } from '@app/persistence';
import { problems, ProblemError } from '../transport/problem';

/** Milliseconds of the years 1 to 9999: what an event can have. */
const EARLIEST_MS = -62_135_596_800_000;
const LATEST_MS = 253_402_300_799_999;

/** The place behind which the next page begins, of the list that this filter makes. Opaque to clients. */
export function toCursor({ occurredAt, eventId }: EventPlace, filter: EventFilter): string {
  return Buffer.from(`${occurredAt.getTime()}.${eventId}.${markOf(filter)}`).toString('base64url');
}

/**
 * With another filter the place would be in the middle of another list, whose newer events nobody would have seen: who
 * changes a filter begins anew.
 *
 * @throws {ProblemError} 422 for anything that `toCursor` did not make, or made for another filter.
 */
export function readCursor(cursor: string, filter: EventFilter): EventPlace {
  const [ms = '', eventId = '', mark, ...rest] = Buffer.from(cursor, 'base64url').toString('latin1').split('.');
  const instant = /^-?\d{1,15}$/.test(ms) ? Number(ms) : NaN;
  const valid = instant >= EARLIEST_MS && instant <= LATEST_MS && isUuid(eventId) && rest.length === 0;
  if (!valid) throw refusal('format', 'is none of this list');
  if (mark !== markOf(filter)) throw refusal('conflict', 'was made for other filters; begin without it');
  return { occurredAt: new Date(instant), eventId };
}

/** The same for filters that mean the same, however they are written. */
function markOf({ name, source, userId, from, to }: EventFilter): string {
  const said = [name, source, userId, from?.getTime(), to?.getTime()];
  if (said.every((value) => value === undefined)) return '';
  return createHash('sha256').update(JSON.stringify(said)).digest('base64url').slice(0, 16);
}

function refusal(code: string, message: string): ProblemError {
  return new ProblemError(problems.invalid('A parameter is not valid.', [{ field: 'cursor', code, message }]));
}
