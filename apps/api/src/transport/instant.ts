import { parseRfc3339 } from '@app/events';

const DATE = /^\d{4}-\d\d-\d\d$/;
/** 9999-12-31T23:59:59.999Z: a zone west of Greenwich can lead beyond it, where the text of an instant has another form. */
const LATEST_MS = 253_402_300_799_999;

export const INSTANT_MESSAGE = 'must be an RFC 3339 date-time with zone, or a UTC date';

/** The instant that a parameter says: RFC 3339 with zone, or a UTC date, which is its midnight. Undefined for all else. */
export function readInstant(given: unknown): Date | undefined {
  if (typeof given !== 'string') return undefined;
  const ms = parseRfc3339(DATE.test(given) ? `${given}T00:00:00Z` : given);
  return ms === undefined || ms > LATEST_MS ? undefined : new Date(ms);
}
