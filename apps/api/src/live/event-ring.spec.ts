import { encodeEvent, NewerVersionError, type Event } from '@app/events';
import type { TailBatch } from '@app/messaging';
import { anEvent } from '@app/testing';
import { EventRing } from './event-ring';
import { PositionText } from './live-position';

const LIMITS = { events: 5, bytes: 1_000_000, knownIds: 4 };
const ALL = { projectId: 1 };
const EVERYTHING = 1_000_000;

function ring(limits = LIMITS): EventRing {
  return new EventRing('log', [0, 0], limits);
}

function batch(partition: number, first: number, ...events: (Event | Buffer)[]): TailBatch {
  const records = events.map((event, index) => ({
    offset: first + index,
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
  expect(events.covers(own.offsets)).toBe(true);
  expect(events.covers([2, 3])).toBe(false);
});
