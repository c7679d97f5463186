import { checkOutcomes } from './check-outcomes';
import { OutcomeLog, type SentOutcome } from './outcome-log';

/** A log with these outcomes, and the ids in the same order. */
function logOf(...outcomes: SentOutcome[]): { log: OutcomeLog; ids: string[] } {
  const log = new OutcomeLog();
  const ids = outcomes.map((outcome) => {
    const { number, eventId } = log.begin();
    log.settle(number, outcome);
    return eventId;
  });
  return { log, ids };
}

describe('checkOutcomes', () => {
  it('finds nothing wrong when every promise is kept', () => {
    const { log, ids } = logOf('ok', 'ok', 'unknown', 'unknown', 'refused');
    expect(checkOutcomes(log, [ids[0]!, ids[2]!], [ids[1]!])).toEqual({
      sent: 5,
      ok: 2,
      refused: 1,
      unknown: 2,
      unknownKept: 1,
      storedRows: 2,
      deadLetters: 1,
      violationCount: 0,
      violations: [],
    });
  });

  it('finds an acknowledged event that is nowhere', () => {
    const { log, ids } = logOf('ok', 'ok');
    expect(checkOutcomes(log, [ids[1]!], []).violations).toEqual([
      { kind: 'lost', eventId: ids[0], stored: 0, dead: 0 },
    ]);
  });

  it.each(['ok', 'unknown'] as const)('finds an event that was answered %s and is stored twice', (outcome) => {
    const { log, ids } = logOf(outcome);
    expect(checkOutcomes(log, [ids[0]!, ids[0]!], []).violations).toEqual([
      { kind: 'doubled', eventId: ids[0], stored: 2, dead: 0 },
    ]);
  });

  it('finds an event that is stored and a dead letter as well', () => {
    const { log, ids } = logOf('ok');
    expect(checkOutcomes(log, [ids[0]!], [ids[0]!]).violations).toMatchObject([{ kind: 'doubled' }]);
  });

  it.each([
    ['stored', 1, 0],
    ['a dead letter', 0, 1],
  ])('finds a refused event that is %s', (_where, stored, dead) => {
    const { log, ids } = logOf('refused');
    const check = checkOutcomes(log, stored === 1 ? ids : [], dead === 1 ? ids : []);
    expect(check.violations).toEqual([{ kind: 'refused-but-kept', eventId: ids[0], stored, dead }]);
  });

  it('finds a row that nobody sent', () => {
    const { log, ids } = logOf('ok');
    const check = checkOutcomes(log, [ids[0]!, log.eventIdOf(1), 'something else'], []);
    expect(check.violations.map(({ kind, eventId }) => [kind, eventId])).toEqual([
      ['never-sent', log.eventIdOf(1)],
      ['never-sent', 'something else'],
    ]);
  });

  it('lists the first 50 violations and counts them all', () => {
    const { log } = logOf(...Array.from({ length: 300 }, () => 'ok' as const));
    const check = checkOutcomes(log, [], []);
    expect([check.violations.length, check.violationCount]).toEqual([50, 300]);
  });
});
