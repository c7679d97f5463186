import { encodeEvent, NewerVersionError, type Event } from '@app/events';
import type { TailBatch } from '@app/messaging';
import { anEvent } from '@app/testing';
import { EventRing } from './event-ring';
import { PositionText } from './live-position';

const LIMITS = { events: 5, bytes: 1_000_000, knownIds: 4, sharedBytes: 100_000 };
const ALL = { projectId: 1 };
const EVERYTHING = 1_000_000;

function ring(limits = LIMITS): EventRing {
  return new EventRing('log', [0, 0], limits);
}

function batch(partition: number, first: number, ...events: (Event | Buffer)[]): TailBatch {
  const records = events.map((event, index) => ({
    offset: first + index,
    loggedAt: 0,
    key: null,
    value: Buffer.isBuffer(event) ? event : encodeEvent(event),
    headers: { project: Buffer.from(String(Buffer.isBuffer(event) ? 1 : event.projectId)) },
  }));
  return { partition, records, next: first + events.length, missing: 0 };
}

function named(...names: string[]): Event[] {
  return names.map((name) => anEvent({ name }));
}

function namesOf({ events }: ReturnType<EventRing['take']>): string[] {
  return events.map(({ event }) => event.name);
}

it('gives the events of a project in the order in which they were read, each with the position behind it', () => {
  const events = ring();
  events.append([batch(0, 0, ...named('a', 'b')), batch(1, 0, anEvent({ name: 'c', projectId: 2 }), ...named('d'))]);
  const taken = events.take(ALL, 0, EVERYTHING);
  expect(namesOf(taken)).toEqual(['a', 'b', 'd']);
  expect(taken.events.map(({ position }) => position)).toEqual(['1-log-1.0', '1-log-2.0', '1-log-2.2']);
  expect(taken).toMatchObject({ next: 4, position: '1-log-2.2' });
});

it('gives the same object to those who ask for the same, until something new has come', () => {
  const events = ring();
  events.append([batch(0, 0, ...named('a'))]);
  const first = events.take({ ...ALL, name: 'a' }, 0, EVERYTHING);
  expect(events.take({ ...ALL, name: 'a' }, 0, EVERYTHING)).toBe(first);
  expect(events.take({ ...ALL, name: 'b' }, 0, EVERYTHING).events).toEqual([]);
  events.append([batch(0, 1, ...named('b'))]);
  expect(events.take({ ...ALL, name: 'b' }, 0, EVERYTHING).events).toHaveLength(1);
});

it('gives no more than was asked for at a time, and at least one', () => {
  const events = ring();
  events.append([batch(0, 0, ...named('a', 'b', 'c'))]);
  const one = events.take(ALL, 0, 1);
  expect(namesOf(one)).toEqual(['a']);
  expect(one).toMatchObject({ next: 1, position: '1-log-1.0' });
});

it('forgets the oldest when there are too many, or their bytes', () => {
  const events = ring();
  events.append([batch(0, 0, ...named('a', 'b', 'c', 'd')), batch(1, 0, ...named('e', 'f', 'g'))]);
  expect(events.first).toBe(2);
  expect(events.oldest).toEqual([2, 0]);
  expect(namesOf(events.take(ALL, events.first, EVERYTHING))).toEqual(['c', 'd', 'e', 'f', 'g']);
  expect(events.reachedBy([2, 0])).toBe(true);
  expect(events.reachedBy([1, 9])).toBe(false);
  const small = ring({ ...LIMITS, bytes: 3000 });
  small.append([batch(0, 0, ...named('a', 'b', 'c', 'd'))]);
  expect(small.bytes).toBeLessThanOrEqual(3000);
  expect(small.first).toBeGreaterThan(0);
});

it('leaves out what is no event, and what it had a moment ago, and moves on all the same', () => {
  const events = ring();
  const [again] = named('a');
  events.append([batch(0, 0, again!, Buffer.from('no event')), batch(1, 0, again!)]);
  expect(namesOf(events.take(ALL, 0, EVERYTHING))).toEqual(['a']);
  expect(events.position).toBe('1-log-2.1');
  events.append([batch(0, 2, ...named('b', 'c', 'd', 'e'), again!)]);
  expect(namesOf(events.take(ALL, 1, EVERYTHING))).toEqual(['b', 'c', 'd', 'e', 'a']);
});

it('does not pass over an event of a newer version: another replica shows it', () => {
  expect(() => {
    ring().append([batch(0, 0, Buffer.from('{"v":2}'))]);
  }).toThrow(NewerVersionError);
});

it('leaves out what a subscriber has seen elsewhere, and tells its own position until it is where the others are', () => {
  const events = ring();
  events.append([batch(0, 0, ...named('a', 'b')), batch(1, 0, ...named('c', 'd'))]);
  const own = new PositionText('log', [1, 1]);
  const taken = events.takeFor(own, ALL, 0, EVERYTHING);
  expect(namesOf(taken)).toEqual(['b', 'd']);
  expect(taken.events.map(({ position }) => position)).toEqual(['1-log-2.1', '1-log-2.2']);
  expect(taken.own?.offsets).toEqual([2, 2]);
  expect(events.covers([2, 2])).toBe(true);
  expect(events.takeFor(new PositionText('log', [1, 1]), ALL, 0, EVERYTHING)).toBe(taken);
  expect(events.covers([2, 3])).toBe(false);
});

it('gives the same object to those who have come from different entries, from where they meet', () => {
  const events = ring({ ...LIMITS, events: 1000, sharedBytes: EVERYTHING });
  const names = Array.from({ length: 600 }, (_, n) => `n${n}`);
  events.append([batch(0, 0, ...named(...names))]);
  const [one, other] = [events.take(ALL, 3, EVERYTHING), events.take(ALL, 90, EVERYTHING)];
  expect(one.next).toBe(other.next);
  expect(events.take(ALL, one.next, EVERYTHING)).toBe(events.take(ALL, other.next, EVERYTHING));
});

it('keeps of what it has handed out no more than it may', () => {
  const events = ring({ ...LIMITS, sharedBytes: 20_000 });
  events.append([batch(0, 0, ...named('a', 'b', 'c'))]);
  const first = events.take({ ...ALL, from: new Date(0) }, 0, EVERYTHING);
  for (let n = 1; n < 100; n += 1) events.take({ ...ALL, from: new Date(n) }, 0, EVERYTHING);
  expect(events.sharedBytes).toBeLessThanOrEqual(20_000);
  expect(events.take({ ...ALL, from: new Date(0) }, 0, EVERYTHING)).not.toBe(first);
});

it('passes over the events of projects that nobody is there for, without reading them', () => {
  const events = ring();
  const unreadable = Buffer.from('{"v":2}');
  events.append([batch(0, 0, unreadable, anEvent({ name: 'a', projectId: 2 })), batch(1, 0, unreadable)], new Set([2]));
  expect(namesOf(events.take({ projectId: 2 }, 0, EVERYTHING))).toEqual(['a']);
  expect(events.position).toBe('1-log-2.1');
});

it('knows from which entry on nothing is left that one has seen elsewhere', () => {
  const events = new EventRing('0123abcd', [0, 0], LIMITS);
  events.append([batch(0, 0, ...named('a', 'b')), batch(1, 0, ...named('c', 'd'))]);
  const passed = (position: number[]): boolean[] => [0, 1, 2, 3, 4].map((number) => events.passes(number, position));
  expect(passed([0, 0])).toEqual([true, true, true, true, true]);
  expect(passed([1, 1])).toEqual([false, false, false, true, true]);
  expect(passed([2, 3])).toEqual([false, false, false, false, false]);
});
