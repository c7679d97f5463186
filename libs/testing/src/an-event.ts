import { randomUUID } from 'node:crypto';
import type { Event } from '@app/events';

/** An event of project `default` that happened just now; say only what matters to the test. */
export function anEvent(overrides: Partial<Event> = {}): Event {
  return {
    projectId: 1,
    eventId: randomUUID(),
    name: 'page_view',
    source: undefined,
    userId: 'user-1',
    occurredAt: new Date(),
    receivedAt: new Date(),
    amount: undefined,
    data: { page: '/products/1' },
    context: undefined,
    ...overrides,
  };
}
