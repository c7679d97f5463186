import { readBatchReply, type ApiReply } from './api-answer';

function answer(status: number, body: unknown = {}, retryAfter?: string): ApiReply {
  return { kind: 'answer', status, retryAfter, body: typeof body === 'string' ? body : JSON.stringify(body) };
}
const error = (index: number, field: string) => ({ index, field, code: 'type', message: 'is wrong' });

describe('readBatchReply', () => {
  it('gives each event of a 202 its own outcome', () => {
    const body = { accepted: 1, rejected: 1, event_ids: ['id', null], errors: [error(1, 'name'), error(1, 'amount')] };
    expect(readBatchReply(answer(202, body), 2)).toEqual({
      kind: 'settled',
      outcomes: [
        { accepted: true },
        {
          accepted: false,
          errors: [
            { field: 'name', code: 'type', message: 'is wrong' },
            { field: 'amount', code: 'type', message: 'is wrong' },
          ],
        },
      ],
    });
  });

  it('never takes an event for accepted that has no id in the answer', () => {
    const outcome = readBatchReply(answer(202, { event_ids: [null], errors: [] }), 1);
    expect(outcome).toMatchObject({ kind: 'settled', outcomes: [{ accepted: false }] });
  });

  it('takes a 422 that names every event as one refusal each', () => {
    const outcome = readBatchReply(answer(422, { errors: [error(0, 'name'), error(1, 'data')] }), 2);
    expect(outcome).toMatchObject({ kind: 'settled', outcomes: [{ accepted: false }, { accepted: false }] });
  });

  it.each([400, 413, 422])('takes a %d without indexes as a refusal of the whole', (status) => {
    const outcome = readBatchReply(answer(status, { title: 'No', detail: 'too much' }), 2);
    expect(outcome).toMatchObject({ kind: 'refused', reason: { message: `the API answers ${status} (too much)` } });
  });

  it.each([
    [503, '7', 7000],
    [500, undefined, undefined],
    [502, 'Wed, 21 Oct 2026 07:28:00 GMT', undefined],
    [408, undefined, undefined],
  ])('leaves the outcome of a %d open', (status, retryAfter, retryAfterMs) => {
    expect(readBatchReply(answer(status, 'no JSON', retryAfter), 1)).toMatchObject({ kind: 'unknown', retryAfterMs });
  });

  it('knows that a 429 has taken nothing, and how long to wait', () => {
    expect(readBatchReply(answer(429, {}, '3'), 1)).toMatchObject({ kind: 'limited', retryAfterMs: 3000 });
  });

  it('leaves the outcome open when nothing came back', () => {
    expect(readBatchReply({ kind: 'no-answer', reason: 'reset' }, 1)).toMatchObject({
      kind: 'unknown',
      reason: 'reset',
    });
  });

  it.each([401, 403, 404, 301, 200])('gives up on a %d', (status) => {
    expect(readBatchReply(answer(status), 1).kind).toBe('hopeless');
  });

  it.each(['<html>', '{}', '{"event_ids":["a"]}', 'null', '[]'])('gives up on the strange 202 %s', (body) => {
    expect(readBatchReply(answer(202, body), 2).kind).toBe('hopeless');
  });
});
