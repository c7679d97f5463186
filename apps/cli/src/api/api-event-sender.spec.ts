import type { ApiReply } from './api-answer';
import { ApiEventSender, type RetryPolicy } from './api-event-sender';

const event = (n: number, size = 0): string => JSON.stringify({ event_id: `id-${n}`, data: 'x'.repeat(size) });
const busy: ApiReply = { kind: 'answer', status: 503, retryAfter: '2', body: '{"title":"Log away"}' };

function idsOf(body: string): string[] {
  return (JSON.parse(body) as { event_id: string }[]).map(({ event_id }) => event_id);
}

function accept(body: string): ApiReply {
  return { kind: 'answer', status: 202, retryAfter: undefined, body: JSON.stringify({ event_ids: idsOf(body) }) };
}

/** A sender whose clock moves only while it waits, and what it posted and waited. */
function senderOf(reply: (body: string, nth: number) => ApiReply) {
  const posted: string[][] = [];
  const waits: number[] = [];
  let now = 0;
  const policy: RetryPolicy = {
    giveUpAfterMs: 60_000,
    now: () => now,
    wait: (ms) => {
      now += ms;
      return Promise.resolve();
    },
    onRetry: (_reason, ms) => waits.push(ms),
  };
  const sender = new ApiEventSender((body) => {
    posted.push(idsOf(body));
    return Promise.resolve(reply(body, posted.length));
  }, policy);
  return { sender, posted, waits };
}

describe('ApiEventSender', () => {
  it('sends the same ids again, after the time that the API asks for, until the outcome is known', async () => {
    const { sender, posted, waits } = senderOf((body, nth) => (nth < 3 ? busy : accept(body)));
    expect(await sender.send([event(1), event(2)])).toEqual([{ accepted: true }, { accepted: true }]);
    expect(posted).toEqual([
      ['id-1', 'id-2'],
      ['id-1', 'id-2'],
      ['id-1', 'id-2'],
    ]);
    expect(waits).toEqual([2000, 2000]);
  });

  it('waits longer and longer when nobody answers, and gives up after a minute', async () => {
    const { sender, waits } = senderOf(() => ({ kind: 'no-answer', reason: 'connection reset' }));
    await expect(sender.send([event(1)])).rejects.toThrow('not confirmed anything for 60 s: connection reset');
    expect(waits[0]).toBeLessThanOrEqual(250);
    expect(Math.max(...waits)).toBeGreaterThan(4000);
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(60_000);
  });

  it('waits for a limit as long as the API says, and does not give up on it', async () => {
    const limited: ApiReply = { kind: 'answer', status: 429, retryAfter: '100', body: '{}' };
    const { sender, waits } = senderOf((body, nth) => (nth < 4 ? limited : accept(body)));
    expect(await sender.send([event(1)])).toEqual([{ accepted: true }]);
    expect(waits).toEqual([100_000, 100_000, 100_000]);
  });

  it('does not ask again at once when Retry-After is 0', async () => {
    const { sender, waits } = senderOf((body, nth) => (nth < 2 ? { ...busy, retryAfter: '0' } : accept(body)));
    await sender.send([event(1)]);
    expect(waits).toEqual([100]);
  });

  it('halves what is too large, keeps the order, and names the one event that stays too large', async () => {
    const tooLarge: ApiReply = { kind: 'answer', status: 413, retryAfter: undefined, body: '{}' };
    const { sender, posted } = senderOf((body) => (body.length > 300 ? tooLarge : accept(body)));
    const outcomes = await sender.send([event(1), event(2), event(3, 500), event(4)]);
    expect(outcomes.map(({ accepted }) => accepted)).toEqual([true, true, false, true]);
    expect(outcomes[2]).toMatchObject({ errors: [{ code: 'http_413' }] });
    expect(posted.slice(1)).toEqual([['id-1', 'id-2'], ['id-3', 'id-4'], ['id-3'], ['id-4']]);
  });

  it('gives up at once when the key is refused', async () => {
    const { sender, posted } = senderOf(() => ({ kind: 'answer', status: 401, retryAfter: undefined, body: '{}' }));
    await expect(sender.send([event(1)])).rejects.toThrow('the API refuses the key: 401');
    expect(posted).toHaveLength(1);
  });

  it('posts nothing when there is nothing to send', async () => {
    const { sender, posted } = senderOf(accept);
    expect(await sender.send([])).toEqual([]);
    expect(posted).toEqual([]);
  });
});
