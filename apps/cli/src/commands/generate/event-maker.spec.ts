import { parseEvent } from '@app/events';
import { EventMaker } from './event-maker';

function make(count: number, seed: number) {
  const maker = new EventMaker(seed);
  return Array.from({ length: count }, () => maker.next());
}

describe('EventMaker', () => {
  it('makes the same events for the same seed, and others for another', () => {
    expect(make(100, 7)).toEqual(make(100, 7));
    expect(make(100, 7)).not.toEqual(make(100, 8));
  });

  it('makes events that the API takes, with some 300 bytes of data', () => {
    const events = make(2000, 1);
    for (const { name, source, userId, amount, data } of events) {
      const body = {
        name,
        source,
        user_id: userId,
        amount: amount && Number(amount),
        data: JSON.parse(data) as unknown,
      };
      expect(parseEvent(body, { projectId: 1, receivedAt: new Date() })).toMatchObject({ ok: true });
    }
    const meanBytes = events.reduce((sum, { data }) => sum + data.length, 0) / events.length;
    expect(meanBytes).toBeGreaterThan(250);
    expect(meanBytes).toBeLessThan(350);
  });

  it('gives a few users much to do and many a little, and money to some events', () => {
    const events = make(20_000, 2);
    const byUser = new Map<string, number>();
    for (const { userId } of events) byUser.set(userId, (byUser.get(userId) ?? 0) + 1);
    const busiest = [...byUser.values()].sort((a, b) => b - a).slice(0, 100);
    const share = busiest.reduce((sum, count) => sum + count, 0) / events.length;
    expect(share).toBeGreaterThan(0.3);
    expect(share).toBeLessThan(0.6);
    expect(byUser.size).toBeGreaterThan(3000);
    const withMoney = events.filter(({ amount }) => amount !== undefined).length / events.length;
    expect(withMoney).toBeCloseTo(0.1, 1);
    expect(new Set(events.map(({ name }) => name)).size).toBe(8);
  });

  it('can write its JSON for a cell of a CSV file', () => {
    const [{ data } = { data: '' }] = make(1, 3);
    expect(new EventMaker(3, '""').next().data.replaceAll('""', '"')).toBe(data);
  });
});
