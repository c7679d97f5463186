import { randomUUID } from 'node:crypto';
import { decodeEvent, type Event } from '@app/events';
import type { Received } from './inbox';

export function eventOf(userId: string, n: number, data: Event['data'] = {}): Event {
  const now = new Date();
  return {
    projectId: 1,
    eventId: randomUUID(),
    name: 'tick',
    userId,
    occurredAt: now,
    receivedAt: now,
    source: undefined,
    amount: undefined,
    data: { ...data, n },
    context: undefined,
  };
}

export function eventsOf(userId: string, count: number): Event[] {
  return Array.from({ length: count }, (_, n) => eventOf(userId, n));
}

/** `data.n` of the events of one user, in the order in which they came. */
export function numbersOf(received: readonly Received[], userId: string): unknown[] {
  return received
    .flatMap(({ value }) => (value === null ? [] : [decodeEvent(value, 1)]))
    .filter((event) => event.userId === userId)
    .map((event) => event.data['n']);
}
