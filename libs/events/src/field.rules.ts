import type { JsonObject } from './event';
import type { FieldErrors } from './field-error';
import { checkObject, numberProblem, type JsonSource } from './json-object.rules';
import { labelProblem } from './label.rule';
import { parseRfc3339 } from './rfc3339';
import { isUuid } from './uuid';

const MAX_AHEAD_MS = 24 * 3_600_000;
const MAX_AMOUNT = 1e18;
const MAX_DECIMALS = 9;

/** Digits after the point of the shortest decimal that reads back as this double. */
function decimalsOf(value: number): number {
  const [mantissa = '', exponent = '0'] = String(value).split('e');
  const fraction = mantissa.split('.')[1]?.length ?? 0;
  return Math.max(0, fraction - Number(exponent));
}

/** `null` is the same as a missing field. */
function missing(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/**
 * Reads the fields of one event one by one; a value that breaks its rule is reported in `errors` and read as
 * undefined. The rules are those of every door, so they live here and not in a transport.
 */
export class FieldReader {
  constructor(
    private readonly errors: FieldErrors,
    private readonly source: JsonSource | undefined,
  ) {}

  uuid(value: unknown, field: string): string | undefined {
    if (missing(value)) return undefined;
    if (typeof value === 'string' && isUuid(value)) return value.toLowerCase();
    const code = typeof value === 'string' ? 'format' : 'type';
    this.errors.add([field], code, 'must be a UUID like 0192f0c1-2345-7abc-8def-0123456789ab');
    return undefined;
  }

  /** 1 to 200 code points without control characters. */
  label(value: unknown, field: string): string | undefined {
    if (missing(value)) return undefined;
    if (typeof value !== 'string') {
      this.errors.add([field], 'type', 'must be a string');
      return undefined;
    }
    const problem = labelProblem(value);
    if (problem === undefined) return value;
    this.errors.add([field], problem.code, problem.message);
    return undefined;
  }

  /** @param latestMs instants after it are refused; Infinity takes all. */
  time(value: unknown, field: string, latestMs: number): Date | undefined {
    if (missing(value)) return undefined;
    if (typeof value !== 'string') {
      this.errors.add([field], 'type', 'must be a string');
      return undefined;
    }
    const instant = parseRfc3339(value);
    if (instant === undefined) {
      this.errors.add([field], 'format', 'must be an RFC 3339 date-time with zone, like 2026-01-31T23:59:59.999Z');
    } else if (instant > latestMs) this.errors.add([field], 'future', 'is more than 24 hours ahead of the server');
    else return new Date(instant);
    return undefined;
  }

  amount(value: unknown, field: string): number | undefined {
    if (missing(value)) return undefined;
    if (typeof value !== 'number') {
      this.errors.add([field], 'type', 'must be a number');
      return undefined;
    }
    const problem = numberProblem(value, this.source, [field]);
    if (problem !== undefined) this.errors.add([field], 'number', problem);
    else if (Math.abs(value) >= MAX_AMOUNT) this.errors.add([field], 'range', 'must be between -10^18 and 10^18');
    else if (!Number.isInteger(value) && decimalsOf(value) > MAX_DECIMALS) {
      this.errors.add([field], 'decimals', `must have at most ${MAX_DECIMALS} decimals`);
    } else return value === 0 ? 0 : value; // -0 is 0
    return undefined;
  }

  object(value: unknown, field: string): JsonObject | undefined {
    if (missing(value)) return undefined;
    if (!isObject(value)) {
      this.errors.add([field], 'type', 'must be a JSON object');
      return undefined;
    }
    const before = this.errors.list.length;
    checkObject(value, field, this.errors, this.source);
    return this.errors.list.length === before ? value : undefined;
  }
}

/** True for what `{}` makes: no array, no null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Latest `occurred_at` that an API whose clock says `receivedAt` takes. */
export function latestOccurrence(receivedAt: Date): number {
  return receivedAt.getTime() + MAX_AHEAD_MS;
}
