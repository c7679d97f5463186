import { ApiHeader, ApiOperation } from '@nestjs/swagger';
import { Answer, Problems, Refusal } from '../../openapi/answers';
import { describeController, describeDto } from '../../openapi/describe';
import { EVENT_EXAMPLE } from '../../query/event.schema';
import { FILTERS } from '../../query/events-query.openapi';
import { problems } from '../../transport/problem';
import { FollowEventsDto } from './follow-events.dto';
import { LiveStreamController } from './live-stream.controller';

const ID = '1-9f86d081-4d.0.2s';

describeDto(FollowEventsDto, {
  ...FILTERS,
  last_event_id: 'The same as the header `Last-Event-ID`, for clients that cannot send it; the header counts more.',
});

describeController(LiveStreamController, 'Events', {
  follow: [
    ApiOperation({
      summary: 'Follow events as they come',
      description:
        'Server-sent events. Each has the members of an event as `data`, with `stored_at` null: it is on the log, and may be seen before it is stored. The `id` is the position in the log; sent back as `Last-Event-ID` the stream goes on behind it, without a gap. At least once: the `event_id` tells what came again. An event named `gap` says how many records the log no longer has, one named `dropped` that the client was too slow.',
    }),
    ApiHeader({
      name: 'Last-Event-ID',
      required: false,
      description: 'Goes on behind this `id`; without it the stream starts now.',
      schema: { type: 'string' },
      example: ID,
    }),
    Answer(200, 'Events, until one side leaves.', {
      schema: { type: 'string' },
      type: 'text/event-stream',
      example: `retry: 2000\n\nid: ${ID}\ndata: ${JSON.stringify({ ...EVENT_EXAMPLE, stored_at: null })}\n\n`,
    }),
    Problems(422),
    Refusal(
      429,
      'The process has as many streams as it may; or PostgreSQL does not answer.',
      problems.tooManyStreams(),
    ),
  ],
});
