import type { DeadLetterFilter } from '@app/persistence';
import { INSTANT_MESSAGE, readInstant } from '../../transport/instant';
import { problems, ProblemError, type ProblemDetail } from '../../transport/problem';

const MEMBERS = ['stage', 'reason', 'topic', 'from', 'to'] as const;
const STAGES = ['accept', 'decode', 'store'] as const;
const TEXT = /^[^\u0000-\u001f\u007f-\u009f]{1,300}$/;

type Stage = (typeof STAGES)[number];

/** Reads the members of a filter that nobody has checked, naming what is wrong with them. */
class FilterReader {
  readonly errors: ProblemDetail[] = [];

  constructor(
    private readonly given: Readonly<Record<string, unknown>>,
    private readonly prefix: string,
  ) {}

  refuse(member: string, code: string, message: string): void {
    this.errors.push({ field: this.prefix + member, code, message });
  }

  stage(): Stage | undefined {
    const value = this.given['stage'] ?? undefined;
    if (value === undefined) return undefined;
    const stage = STAGES.find((known) => known === value);
    if (stage === undefined) this.refuse('stage', 'range', 'must be accept, decode or store');
    return stage;
  }

  text(member: 'reason' | 'topic'): string | undefined {
    const value = this.given[member] ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value === 'string' && TEXT.test(value)) return value;
    this.refuse(member, 'format', 'must be a string of 1 to 300 characters, none of them a control character');
    return undefined;
  }

  instant(member: 'from' | 'to'): Date | undefined {
    const value = this.given[member] ?? undefined;
    if (value === undefined) return undefined;
    const instant = readInstant(value);
    if (instant === undefined) this.refuse(member, 'format', INSTANT_MESSAGE);
    return instant;
  }
}

/**
 * The filter that a client gives, in a query or in a body; null is the same as missing.
 *
 * @param prefix of the names of its members in what is wrong with them.
 * @throws {ProblemError} 422
 */
export function toFilter(given: Readonly<Record<string, unknown>>, prefix = ''): DeadLetterFilter {
  const read = new FilterReader(given, prefix);
  for (const member of Object.keys(given)) {
    if (!(MEMBERS as readonly string[]).includes(member))
      read.refuse(member, 'unknown_field', 'is not part of a filter');
  }
  const stage = read.stage();
  const [reason, topic] = [read.text('reason'), read.text('topic')];
  const [from, to] = [read.instant('from'), read.instant('to')];
  if (from !== undefined && to !== undefined && from > to) read.refuse('from', 'range', 'must not be after to');
  if (read.errors.length > 0) throw new ProblemError(problems.invalid('The filter is not valid.', read.errors));
  return { stage, reason, topic, from, to };
}
