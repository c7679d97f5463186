import { setImmediate as nextTurn } from 'node:timers/promises';
import { InFlightGate, type Load } from './in-flight-gate';

const MOST = { events: 10, bytes: 1000 };

/** Names those that went in, in order. */
class Visitors {
  readonly in: string[] = [];
  readonly gate = new InFlightGate(MOST);

  async come(name: string, load: Load): Promise<void> {
    void this.gate.enter(load).then(() => this.in.push(name));
    await nextTurn();
  }

  async leave(load: Load): Promise<void> {
    this.gate.leave(load);
    await nextTurn();
  }
}

describe('the gate of the streams', () => {
  it.each([
    ['events', { events: 5, bytes: 1 }, { events: 1, bytes: 1 }],
    ['bytes', { events: 1, bytes: 500 }, { events: 1, bytes: 1 }],
  ])('lets nobody in beyond its %s', async (_, half, little) => {
    const visitors = new Visitors();
    await visitors.come('a', half);
    await visitors.come('b', half);
    await visitors.come('c', little);
    expect(visitors.in).toEqual(['a', 'b']);
    await visitors.leave(half);
    expect(visitors.in).toEqual(['a', 'b', 'c']);
  });

  it('lets nobody pass one who waits, though there be room for him', async () => {
    const visitors = new Visitors();
    const large = { events: 1, bytes: 900 };
    const small = { events: 1, bytes: 50 };
    await visitors.come('a', large);
    await visitors.come('b', large);
    await visitors.come('c', small);
    expect(visitors.in).toEqual(['a']);
    await visitors.leave(large);
    expect(visitors.in).toEqual(['a', 'b', 'c']);
  });

  it.each([
    ['events', { events: 11, bytes: 1 }],
    ['bytes', { events: 1, bytes: 1001 }],
  ])('lets in alone what has more %s than all of the room', async (_, giant) => {
    const visitors = new Visitors();
    const little = { events: 1, bytes: 1 };
    await visitors.come('a', little);
    await visitors.come('giant', giant);
    await visitors.come('b', little);
    expect(visitors.in).toEqual(['a']);
    await visitors.leave(little);
    expect(visitors.in).toEqual(['a', 'giant']);
    await visitors.leave(giant);
    expect(visitors.in).toEqual(['a', 'giant', 'b']);
  });
});
