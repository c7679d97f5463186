import { ApiHeader, ApiOperation, ApiQuery } from '@nestjs/swagger';
import { Answer, Problems, Refusal } from '../../openapi/answers';
import { describeController, NeedsKey } from '../../openapi/describe';
import { arrayOf } from '../../openapi/schema';
import { EVENT, EVENT_EXAMPLE } from '../../query/event.schema';
import { problems } from '../../transport/problem';
import { CLOUD_EVENT, CLOUD_EVENT_EXAMPLE } from '../cloudevents/cloud-event.schema';
import { EventsIngestController } from './events-ingest.controller';
import { ACCEPTED, ACCEPTED_BATCH, EVENTS_BODY, NDJSON_BODY, STORED_BATCH } from './events-ingest.schema';

const { event_id: EVENT_ID } = EVENT_EXAMPLE;
const ONE = { name: 'order.paid', user_id: 'u1', amount: 12.5, data: { plan: 'pro' } };

const CLOUD_EVENTS = {
  'application/cloudevents+json': { schema: CLOUD_EVENT, example: CLOUD_EVENT_EXAMPLE },
  'application/cloudevents-batch+json': { schema: arrayOf(CLOUD_EVENT), example: [CLOUD_EVENT_EXAMPLE] },
};
const EVENTS = {
  'application/json': {
    schema: EVENTS_BODY,
    examples: { one: { value: ONE }, many: { value: [{ ...ONE, event_id: EVENT_ID }, { name: 'user.created' }] } },
  },
  'application/x-ndjson': {
    schema: NDJSON_BODY,
    example: `${JSON.stringify(ONE)}\n${JSON.stringify({ name: 'user.created' })}\n`,
  },
};

/** How `wait=stored` is answered: as one event, or as a batch, is sent. */
const STORED = { schema: { oneOf: [EVENT, STORED_BATCH] }, example: EVENT_EXAMPLE };

/** What is alike for every form of a body. */
const TAKEN = [
  ApiQuery({
    name: 'atomic',
    required: false,
    description: 'One invalid event of a batch refuses all.',
    schema: { type: 'string', enum: ['true', 'false'], default: 'false' },
  }),
  ApiQuery({
    name: 'wait',
    required: false,
    description:
      'With `stored` the answer waits until PostgreSQL has committed the events, 10 seconds at most: then it is 202, as without it.',
    schema: { type: 'string', enum: ['stored'] },
  }),
  Answer(200, 'With `wait=stored`: they are stored, and all of them were before.', STORED),
  Answer(201, 'With `wait=stored`: they are stored.', STORED),
  Answer(202, 'Durable: every in-sync replica of the log has the events.', {
    schema: { oneOf: [ACCEPTED, ACCEPTED_BATCH] },
    example: { event_id: EVENT_ID, status: 'accepted' },
  }),
  NeedsKey('ingest'),
  Problems(400, 413, 415, 422, 429),
  Refusal(
    503,
    'Unknown: the log did not confirm. The body has the ids that make a retry safe.',
    problems.unconfirmed([EVENT_ID]),
  ),
];

/** Of a CloudEvent in binary mode, whose data is the body. */
const BINARY_MODE = ['ce-id', 'ce-source', 'ce-type', 'ce-specversion'].map((name) =>
  ApiHeader({ name, required: false, description: 'In binary mode.', schema: { type: 'string' } }),
);

describeController(EventsIngestController, 'Events', {
  post: [
    ApiOperation({
      summary: 'Send events',
      description:
        'One event, an array of them, or one on each line; or CloudEvents, in binary mode too (see PUT). Of a batch the valid events are taken and the others named; none valid is 422.',
      requestBody: { required: true, content: { ...EVENTS, ...CLOUD_EVENTS } },
    }),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'Makes the ids of events that have none: the same key sent again is the same events. Not for CloudEvents, whose `source` and `id` do that.',
      schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
    }),
    ...TAKEN,
  ],
  put: [
    ApiOperation({
      summary: 'Send CloudEvents',
      description:
        'Structured, batched, or binary: the attributes in `ce-` headers, and the data in the body as it is.',
      requestBody: { required: true, content: CLOUD_EVENTS },
    }),
    ...BINARY_MODE,
    ...TAKEN,
  ],
  options: [
    ApiOperation({
      summary: 'May events be delivered here?',
      description: 'As web-hooks for CloudEvents ask. That is no leave to send: every delivery shows its key.',
    }),
    ApiHeader({
      name: 'WebHook-Request-Origin',
      required: false,
      description: 'Who asks.',
      schema: { type: 'string' },
    }),
    Answer(200, 'They may; `WebHook-Allowed-Origin` and `WebHook-Allowed-Rate` say who and how many in a minute.'),
    Answer(204, 'Nobody asked for that; `Allow` names the methods.'),
  ],
});
