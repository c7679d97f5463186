import type { DeadLetterFilter, LetterRange } from '@app/persistence';
import { problems, ProblemError, type ProblemDetail } from '../../transport/problem';
import { toFilter } from './dead-letter-filter.convert';

/** Which letters are to be replayed or discarded, and whether only to count them. */
export interface LetterOrder {
  readonly filter: DeadLetterFilter;
  readonly dryRun: boolean;
}

export interface ReplayOrder extends LetterOrder {
  readonly eventsPerSecond: number;
  /** Where an earlier answer has left off. */
  readonly range: LetterRange | undefined;
}

const DEFAULT_RATE = 1000;
const MAX_RATE = 100_000;
const CURSOR = /^(0|[1-9]\d{0,17})\.(0|[1-9]\d{0,17})$/;

/** @throws {ProblemError} 422 */
export function toReplayOrder(body: unknown): ReplayOrder {
  const given = membersOf(body, ['filter', 'all', 'dry_run', 'rate', 'cursor']);
  const rate = given['rate'] ?? DEFAULT_RATE;
  if (typeof rate !== 'number' || !Number.isInteger(rate) || rate < 1 || rate > MAX_RATE) {
    throw invalid({ field: 'rate', code: 'range', message: `must be a whole number from 1 to ${MAX_RATE}` });
  }
  return { ...toLetterOrder(given), eventsPerSecond: rate, range: toRange(given['cursor'] ?? undefined) };
}

/** @throws {ProblemError} 422 */
export function toDiscardOrder(body: unknown): LetterOrder {
  return toLetterOrder(membersOf(body, ['filter', 'all', 'dry_run']));
}

/** What leads on from where a replay has stopped. Opaque to clients. */
export function toReplayCursor({ after, through }: LetterRange): string {
  return `${after}.${through}`;
}

function toRange(cursor: unknown): LetterRange | undefined {
  if (cursor === undefined) return undefined;
  const [, after, through] = (typeof cursor === 'string' ? CURSOR.exec(cursor) : null) ?? [];
  if (after !== undefined && through !== undefined) return { after, through };
  throw invalid({ field: 'cursor', code: 'format', message: 'is none of a replay' });
}

function toLetterOrder(given: Readonly<Record<string, unknown>>): LetterOrder {
  const filter = given['filter'] ?? {};
  if (!isMembers(filter)) throw invalid({ field: 'filter', code: 'type', message: 'must be a JSON object' });
  const narrow = Object.values(filter).some((value) => value !== null);
  const [all, dryRun] = [toFlag(given, 'all'), toFlag(given, 'dry_run')];
  const read = toFilter(filter, 'filter.');
  if (!narrow && !all) {
    throw invalid({ field: 'filter', code: 'required', message: 'must say something; "all": true means every letter' });
  }
  if (narrow && all) throw invalid({ field: 'all', code: 'conflict', message: 'and a filter contradict each other' });
  return { filter: read, dryRun };
}

function toFlag(given: Readonly<Record<string, unknown>>, field: string): boolean {
  const value = given[field] ?? false;
  if (typeof value === 'boolean') return value;
  throw invalid({ field, code: 'type', message: 'must be true or false' });
}

function membersOf(body: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (!isMembers(body)) throw invalid({ field: '', code: 'type', message: 'must be a JSON object' });
  const unknown = Object.keys(body).filter((field) => !known.includes(field));
  if (unknown.length === 0) return body;
  throw invalid(
    ...unknown.slice(0, 10).map((field) => ({ field, code: 'unknown_field', message: 'is not known here' })),
  );
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(...errors: readonly ProblemDetail[]): ProblemError {
  return new ProblemError(problems.invalid('The request is not valid.', errors));
}
