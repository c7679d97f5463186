import { anyObject, instant, objectOf, orNull, text, uuid } from '../openapi/schema';
import type { EventDto } from './event.convert';

/** An event as every answer shows it. */
export const EVENT = objectOf<EventDto>('Event', {
  required: {
    event_id: uuid('Its identity within the project.'),
    name: text('What happened, like `user.created`.'),
    source: orNull(text('Where it comes from.')),
    user_id: orNull(text('Whom it is about.')),
    occurred_at: instant("When it happened, by the producer's clock; UTC, milliseconds."),
    received_at: instant('When the API took it.'),
    stored_at: instant('When PostgreSQL had it.'),
    amount: orNull({ type: 'number', description: 'Summed exactly; shown as the nearest double.' }),
    data: anyObject('What the client sent.'),
    context: {
      ...anyObject('What the door knew besides: attributes of CloudEvents, the context of Segment.'),
      type: ['object', 'null'],
    },
  },
  optional: {},
});

export const EVENT_EXAMPLE: EventDto = {
  event_id: '0192f0c1-2345-7abc-8def-0123456789ab',
  name: 'order.paid',
  source: 'shop',
  user_id: 'u1',
  occurred_at: '2026-01-02T03:04:05.678Z',
  received_at: '2026-01-02T03:04:05.700Z',
  stored_at: '2026-01-02T03:04:05.750Z',
  amount: 12.5,
  data: { plan: 'pro' },
  context: null,
};
