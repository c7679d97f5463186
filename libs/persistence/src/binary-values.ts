import { StoreRefusedError } from './store-error';

/** PostgreSQL's binary forms of single values, written into a buffer. */

/** First byte of a jsonb. */
export const JSONB_VERSION = 1;

/** Milliseconds from 1970 to 2000, where PostgreSQL counts from. */
const POSTGRES_EPOCH_MS = 946_684_800_000;

/** @throws {StoreRefusedError} as the server would, for a number that is no int4. */
export function writeInt4(buffer: Buffer, value: number, at: number): void {
  if ((value | 0) !== value) throw new StoreRefusedError('A number is out of range for its column.', '22003');
  buffer.writeInt32BE(value, at);
}

/** Two halves: a BigInt for each value costs more than the rest of its row. */
export function writeInt8(buffer: Buffer, value: number, at: number): void {
  const high = Math.floor(value / 2 ** 32);
  buffer.writeInt32BE(high, at);
  buffer.writeUInt32BE(value - high * 2 ** 32, at + 4);
}

/** @param ms since 1970; any time that a Date can hold and PostgreSQL too. */
export function writeTimestamp(buffer: Buffer, ms: number, at: number): void {
  const sinceEpochMs = ms - POSTGRES_EPOCH_MS;
  const microseconds = sinceEpochMs * 1000;
  // Before 1714 and after 2285 the microseconds are more than a double holds exactly.
  if (Number.isSafeInteger(microseconds)) writeInt8(buffer, microseconds, at);
  else buffer.writeBigInt64BE(BigInt(sinceEpochMs) * 1000n, at);
}

/** Up to so many characters a loop is faster than a call into Node. */
const SHORT = 24;

/** At most three bytes for each UTF-16 unit. @returns how many. */
export function writeText(buffer: Buffer, value: string, at: number): number {
  if (value.length > SHORT) return buffer.write(value, at);
  for (let index = 0; index < value.length; index += 1) {
    const unit = value.charCodeAt(index);
    if (unit > 0x7f) return buffer.write(value, at);
    buffer[at + index] = unit;
  }
  return value.length;
}

/** By character code; NaN where the character is no hexadecimal digit. */
const HEX = Array.from({ length: 128 }, (_, code) => parseInt(String.fromCharCode(code), 16));

/** @param value in its canonical form. */
export function writeUuid(buffer: Buffer, value: string, at: number): void {
  let from = 0;
  for (let index = 0; index < 16; index += 1) {
    if (index === 4 || index === 6 || index === 8 || index === 10) from += 1; // a hyphen
    const byte = (HEX[value.charCodeAt(from)] ?? NaN) * 16 + (HEX[value.charCodeAt(from + 1)] ?? NaN);
    if (Number.isNaN(byte)) throw new TypeError('An event id is no UUID.');
    buffer[at + index] = byte;
    from += 2;
  }
  if (value.length !== 36) throw new TypeError('An event id is no UUID.');
}

/** Decimal digits of one digit of a numeric. */
const GROUP = 4;
/** What PostgreSQL writes for the sign of a number below zero. */
const NEGATIVE = 0x4000;
const NUMERIC_HEADER_BYTES = 8;

/** Bytes that `writeDecimal` needs at most, for any double between 10^-9 and 10^21. */
export const MAX_DECIMAL_BYTES = 32;

/**
 * The shortest decimal that gives the same double again, as a numeric: number of groups of four digits, weight of the
 * first, sign, digits after the point, groups. The same value, digit by digit, that its text would become.
 *
 * @param value at most 9 decimals, below 10^21. @returns how many bytes.
 */
export function writeDecimal(buffer: Buffer, value: number, at: number): number {
  const shortest = Math.abs(value).toString();
  // With an exponent only below 10^-6, where 9 decimals are all that there are.
  const text = shortest.includes('e') ? value.toFixed(9).replace(/^-|0+$/g, '') : shortest;
  const point = text.indexOf('.');
  const whole = point < 0 ? text.length : point;
  const scale = point < 0 ? 0 : text.length - point - 1;
  const before = Math.ceil(whole / GROUP);
  const groups = new Array<number>(before + Math.ceil(scale / GROUP)).fill(0);
  // How many digits the first group lacks: the places of all others follow from that.
  let place = before * GROUP - whole;
  for (let index = 0; index < text.length; index += 1) {
    if (index === point) continue;
    const group = Math.floor(place / GROUP);
    groups[group] = (groups[group] ?? 0) + (text.charCodeAt(index) - 48) * 10 ** (GROUP - 1 - (place % GROUP));
    place += 1;
  }
  const first = groups.findIndex((group) => group !== 0);
  const last = groups.findLastIndex((group) => group !== 0);
  const kept = first < 0 ? [] : groups.slice(first, last + 1);
  buffer.writeInt16BE(kept.length, at);
  buffer.writeInt16BE(first < 0 ? 0 : before - 1 - first, at + 2);
  buffer.writeInt16BE(value < 0 ? NEGATIVE : 0, at + 4);
  buffer.writeInt16BE(scale, at + 6);
  kept.forEach((group, index) => buffer.writeInt16BE(group, at + NUMERIC_HEADER_BYTES + index * 2));
  return NUMERIC_HEADER_BYTES + kept.length * 2;
}
