import { ApiOperation } from '@nestjs/swagger';
import { Answer, Problems } from '../openapi/answers';
import { describeController, describeDto, PathParam } from '../openapi/describe';
import { pageOf } from '../openapi/schema';
import { EVENT, EVENT_EXAMPLE } from './event.schema';
import { EventsQueryController } from './events-query.controller';
import { ListEventsDto } from './list-events.dto';

const LABEL = { minLength: 1, maxLength: 200 };

/** The filters of every call that gives events. */
export const FILTERS = {
  name: { description: 'Only events of this name.', ...LABEL },
  source: { description: 'Only events of this source.', ...LABEL },
  user_id: { description: 'Only events of this user.', ...LABEL },
  from: 'Only events that occurred at this instant or later: RFC 3339 with zone, or a UTC date, which is its midnight.',
  to: 'Only events that occurred before this instant.',
};

describeDto(ListEventsDto, {
  ...FILTERS,
  limit:
    'How many events the page has at most. One of very large events ends earlier, at 8 MiB of their data, and so may one on whose filters few events agree: `next_cursor` tells whether there are more.',
  cursor: 'What the page before gave as `next_cursor`; only with the same filters.',
});

describeController(EventsQueryController, 'Events', {
  list: [
    ApiOperation({ summary: 'List events, newest first' }),
    Answer(200, 'A page.', {
      schema: pageOf('EventPage', EVENT),
      example: { data: [EVENT_EXAMPLE], next_cursor: null },
    }),
    Problems(422),
  ],
  one: [
    ApiOperation({ summary: 'Read one event' }),
    PathParam('event_id', { type: 'string', format: 'uuid' }, EVENT_EXAMPLE.event_id),
    Answer(200, 'The event.', { schema: EVENT, example: EVENT_EXAMPLE }),
    Problems(404, 422),
  ],
});
