import type { OutcomeLog } from './outcome-log';

export type ViolationKind =
  /** Answered 202 and neither stored nor a dead letter. */
  | 'lost'
  /** Stored or dead-lettered more than once in all. */
  | 'doubled'
  /** Answered 4xx and stored, or a dead letter, all the same. */
  | 'refused-but-kept'
  /** Stored or a dead letter, and never sent by this run. */
  | 'never-sent';

export interface Violation {
  readonly kind: ViolationKind;
  readonly eventId: string;
  readonly stored: number;
  readonly dead: number;
}

export interface OutcomeCheck {
  readonly sent: number;
  readonly ok: number;
  readonly refused: number;
  readonly unknown: number;
  /** Of the unknown ones, those that were stored or dead-lettered; any number is right. */
  readonly unknownKept: number;
  readonly storedRows: number;
  readonly deadLetters: number;
  readonly violationCount: number;
  /** The first 50. */
  readonly violations: readonly Violation[];
}

const MAX_LISTED = 50;

/**
 * Holds what was stored against what was answered: `ok` exactly once, `unknown` at most once, `refused` never, and
 * nothing that was not sent. A dead letter counts as kept, once; a test that expects none looks at `deadLetters`.
 * Pure.
 *
 * @param storedIds one entry per stored row, hot and cold, so a doubled row comes twice.
 * @param deadIds one entry per dead letter that holds an event of this run.
 */
export function checkOutcomes(log: OutcomeLog, storedIds: Iterable<string>, deadIds: Iterable<string>): OutcomeCheck {
  const violations = new ViolationList();
  const stored = countByNumber(log, storedIds);
  const dead = countByNumber(log, deadIds);
  for (const eventId of stored.foreign) violations.add({ kind: 'never-sent', eventId, stored: 1, dead: 0 });
  for (const eventId of dead.foreign) violations.add({ kind: 'never-sent', eventId, stored: 0, dead: 1 });
  let unknownKept = 0;
  for (let number = 0; number < log.size; number += 1) {
    const counts = { stored: stored.counts[number] ?? 0, dead: dead.counts[number] ?? 0 };
    const outcome = log.outcomeOf(number);
    const kept = counts.stored + counts.dead;
    if (outcome === 'unknown' && kept > 0) unknownKept += 1;
    const kind = violationOf(outcome, kept);
    if (kind !== undefined) violations.add({ kind, eventId: log.eventIdOf(number), ...counts });
  }
  return {
    sent: log.size,
    ok: log.count('ok'),
    refused: log.count('refused'),
    unknown: log.count('unknown'),
    unknownKept,
    storedRows: stored.rows,
    deadLetters: dead.rows,
    violationCount: violations.count,
    violations: violations.listed,
  };
}

function violationOf(outcome: ReturnType<OutcomeLog['outcomeOf']>, kept: number): ViolationKind | undefined {
  if (outcome === 'refused' && kept > 0) return 'refused-but-kept';
  if (kept > 1) return 'doubled';
  return outcome === 'ok' && kept === 0 ? 'lost' : undefined;
}

class ViolationList {
  readonly listed: Violation[] = [];
  count = 0;

  add(violation: Violation): void {
    this.count += 1;
    if (this.listed.length < MAX_LISTED) this.listed.push(violation);
  }
}

interface CountedIds {
  /** How often the event of each number came, up to 255. */
  readonly counts: Uint8ClampedArray;
  readonly foreign: readonly string[];
  readonly rows: number;
}

function countByNumber(log: OutcomeLog, ids: Iterable<string>): CountedIds {
  const counts = new Uint8ClampedArray(log.size);
  const foreign: string[] = [];
  let rows = 0;
  for (const id of ids) {
    rows += 1;
    const number = log.numberOf(id);
    if (number === undefined) foreign.push(id);
    else counts[number] = (counts[number] ?? 0) + 1;
  }
  return { counts, foreign, rows };
}
