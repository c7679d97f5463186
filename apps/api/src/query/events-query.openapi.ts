import { ApiOperation } from '@nestjs/swagger';
import { Answer, Problems } from '../openapi/answers';
import { describeController, describeDto, PathParam } from '../openapi/describe';
import { pageOf } from '../openapi/schema';
import { EVENT, EVENT_EXAMPLE } from './event.schema';
import { EventsQueryController } from './events-query.controller';
import { ListEventsDto } from './list-events.dto';

describeDto(ListEventsDto, {
  limit: 'How many events the page has at most; one of very large events ends earlier, at 8 MiB of their data.',
  cursor: 'What the page before gave as `next_cursor`.',
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
