import type { StoredEvent, WaitedOutcome } from '@app/persistence';
import { ProblemError } from '../../transport/problem';
import type { IngestOutcome } from '../ingest.service';
import type { IngestAnswer } from './ingest-answer';
import { toStoredAnswer } from './stored-answer';

const at = new Date('2026-03-01T12:00:00.000Z');
const byRequest: WaitedOutcome = { kind: 'stored', byRequest: true };
const before: WaitedOutcome = { kind: 'stored', byRequest: false };
const erased: WaitedOutcome = { kind: 'erased' };
const dead: WaitedOutcome = { kind: 'dead-letter', reason: 'STORE_REFUSED', detail: 'PostgreSQL refused.' };

function aRow(eventId: string): StoredEvent {
  const missing = { source: undefined, userId: undefined, amount: undefined, context: undefined };
  return { projectId: 1, eventId, name: 'n', ...missing, occurredAt: at, receivedAt: at, storedAt: at, data: {} };
}

/** @param known per event of the request: what became of it, or null where it was refused. */
function answerTo(known: readonly (WaitedOutcome | null)[], batch = true): IngestAnswer {
  const eventIds = known.map((outcome, index) => (outcome === null ? null : `e${index}`));
  const errors = eventIds.flatMap((id, index) =>
    id === null ? [{ index, field: 'name', code: 'required' as const, message: 'is missing' }] : [],
  );
  const outcome: IngestOutcome = { eventIds, errors, accepted: eventIds.filter((id) => id !== null).length };
  const outcomes = new Map(known.flatMap((value, index) => (value === null ? [] : [[`e${index}`, value] as const])));
  const stored = [...outcomes].filter(([, { kind }]) => kind === 'stored');
  return toStoredAnswer(outcome, { outcomes, rows: new Map(stored.map(([id]) => [id, aRow(id)])) }, batch);
}

function refusalOf(answer: () => unknown): unknown {
  try {
    answer();
  } catch (error) {
    if (error instanceof ProblemError) return error.problem;
    throw error;
  }
  return undefined;
}

describe('the answer to one event', () => {
  it('is 201 and the event, or 200 where it was there before', () => {
    expect(answerTo([byRequest], false)).toMatchObject({ status: 201, body: { event_id: 'e0', name: 'n' } });
    expect(answerTo([before], false)).toMatchObject({ status: 200, body: { event_id: 'e0', name: 'n' } });
  });

  it('is 422 with the reason where it has become a dead letter', () => {
    const message = 'is a dead letter: STORE_REFUSED, PostgreSQL refused.';
    const errors = [{ field: '', code: 'dead_lettered', message }];
    expect(refusalOf(() => answerTo([dead], false))).toMatchObject({ status: 422, errors, event_ids: ['e0'] });
  });

  it('is 202 and says so where its user was erased', () => {
    expect(answerTo([erased], false)).toEqual({ status: 202, body: { event_id: 'e0', status: 'erased' } });
  });
});

describe('the answer to a batch', () => {
  it('has the events in the order of their ids, null where one was refused', () => {
    const { status, body } = answerTo([before, null, byRequest]);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      accepted: 2,
      rejected: 1,
      event_ids: ['e0', null, 'e2'],
      errors: [{ index: 1, field: 'name' }],
      data: [{ event_id: 'e0' }, null, { event_id: 'e2' }],
    });
  });

  it('is 200 when all were there before', () => {
    expect(answerTo([before, null, before]).status).toBe(200);
  });

  it('names a dead letter by its place, and counts it as rejected', () => {
    const { status, body } = answerTo([dead, byRequest, null]);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      accepted: 1,
      rejected: 2,
      event_ids: ['e0', 'e1', null],
      errors: [
        { index: 0, code: 'dead_lettered' },
        { index: 2, code: 'required' },
      ],
      data: [null, { event_id: 'e1' }, null],
    });
  });

  it('is 422 when none is stored', () => {
    const errors = [
      { index: 0, code: 'required' },
      { index: 1, code: 'dead_lettered' },
    ];
    expect(refusalOf(() => answerTo([null, dead]))).toMatchObject({ status: 422, errors });
  });

  it('names what is of an erased user, and is 202 when nothing else could be stored', () => {
    expect(answerTo([erased, byRequest])).toMatchObject({
      status: 201,
      body: { accepted: 1, rejected: 1, errors: [{ index: 0, code: 'erased' }], data: [null, { event_id: 'e1' }] },
    });
    const errors = [
      { index: 0, code: 'required' },
      { index: 1, code: 'erased' },
    ];
    expect(answerTo([null, erased])).toEqual({
      status: 202,
      body: {
        accepted: 0,
        rejected: 2,
        event_ids: [null, 'e1'],
        errors: errors.map((e) => expect.objectContaining(e) as object),
      },
    });
  });
});
