import { ApiOperation } from '@nestjs/swagger';
import { Answer, Problems } from '../openapi/answers';
import { describeController, PathParam } from '../openapi/describe';
import { count, instant, objectOf, orNull, text } from '../openapi/schema';
import { EVENT_EXAMPLE } from './event.schema';
import { EventTraceController } from './event-trace.controller';
import type { TraceDto } from './trace.convert';

const STATUSES: readonly TraceDto['status'][] = [
  'stored',
  'archived',
  'dead_lettered',
  'discarded',
  'erased',
  'expired',
  'unknown',
];

const TRACE = objectOf<TraceDto>('Trace', {
  required: {
    status: {
      type: 'string',
      enum: [...STATUSES],
      description: 'Where it is. `unknown` until a consumer has seen it, and then there is no other member.',
    },
  },
  optional: {
    duplicates: orNull(count('How often the same id came again.')),
    received_at: orNull(instant('When the API took it.')),
    stored_at: orNull(instant('When PostgreSQL had it.')),
    archived_at: orNull(instant('When it went to the archive.')),
    topic: text('Of the log.'),
    partition: count('Of the topic.'),
    offset: count('Its place in the partition.'),
    reason: orNull(text('Stable; why it could not be stored.')),
  },
});

describeController(EventTraceController, 'Events', {
  trace: [
    ApiOperation({
      summary: 'Ask what became of an event',
      description: 'Known from the moment when a consumer has committed it. The event of another project is unknown.',
    }),
    PathParam('event_id', { type: 'string', format: 'uuid' }, EVENT_EXAMPLE.event_id),
    Answer(200, 'Its way; that nobody knows it is an answer too.', {
      schema: TRACE,
      example: {
        status: 'stored',
        duplicates: 0,
        received_at: EVENT_EXAMPLE.received_at,
        stored_at: EVENT_EXAMPLE.stored_at,
        archived_at: null,
        topic: 'events.v1',
        partition: 3,
        offset: 1042,
        reason: null,
      },
    }),
    Problems(422),
  ],
});
