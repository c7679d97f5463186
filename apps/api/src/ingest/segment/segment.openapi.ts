import { ApiOperation, ApiSecurity, type RequestBodyObject, type SchemaObject } from '@nestjs/swagger';
import { Answer, Problems, Refusal } from '../../openapi/answers';
import { API_KEY, BASIC, BEARER, describeController, PathParam } from '../../openapi/describe';
import { anyObject, arrayOf, objectOf, text } from '../../openapi/schema';
import { problems } from '../../transport/problem';
import { SegmentSettingsController } from './segment-settings.controller';
import { SegmentController } from './segment.controller';

const MESSAGE: SchemaObject = {
  title: 'SegmentMessage',
  type: 'object',
  description:
    'As the libraries of Segment send it. What breaks a rule becomes a dead letter, and the answer is 200 all the same.',
  properties: {
    type: text('`track`, `identify`, `page`, `screen`, `group` or `alias`; known from the path outside of a batch.'),
    messageId: text('The identity: sent again, it is stored once.'),
    event: text('Of `track`: the name of the event.'),
    userId: text('Whom it is about.'),
    anonymousId: text('Whom it is about while that is not known.'),
    timestamp: text('When it happened.'),
    sentAt: text('When it was sent; corrects a wrong clock.'),
    properties: anyObject('Becomes `data`.'),
    traits: anyObject('Becomes `data`.'),
    context: anyObject('Kept in `context`.'),
    writeKey: text('The API key, where no header has it.'),
  },
  additionalProperties: true,
};

const BATCH: SchemaObject = {
  title: 'SegmentBatch',
  type: 'object',
  properties: {
    batch: arrayOf(MESSAGE),
    sentAt: text('When the batch was sent; corrects a wrong clock.'),
    context: anyObject('Stands for that of every message.'),
    writeKey: text('The API key, where no header has it.'),
  },
  required: ['batch'],
  additionalProperties: true,
};

const SUCCESS = objectOf<{ success: true }>('SegmentSuccess', {
  required: { success: { type: 'boolean', enum: [true] } },
  optional: {},
});

const TRACK = { type: 'track', event: 'Order Paid', userId: 'u1', messageId: 'm-1', properties: { plan: 'pro' } };

/** Segment's libraries send JSON as text too. */
function bodyOf(schema: SchemaObject, value: unknown): RequestBodyObject {
  const content = { schema, examples: { example: { value } } };
  return { required: true, content: { 'application/json': content, 'text/plain': content } };
}

/** In Basic, with the key as the user, first; then like everywhere; then in the body. */
const WithWriteKey: MethodDecorator = (target, key, descriptor) => {
  for (const scheme of [BASIC, API_KEY, BEARER]) ApiSecurity(scheme, ['ingest'])(target, key, descriptor);
};

const TAKEN = [
  Answer(200, 'Durable. Bad messages are dead letters.', { schema: SUCCESS, example: { success: true } }),
  WithWriteKey,
  Problems(400, 401, 403, 413, 429),
  Refusal(503, 'Unknown: the log did not confirm. Send it all again.', problems.unconfirmed([])),
];
const PREFLIGHT = [ApiOperation({ summary: 'May pages of this origin send here?' }), Answer(204, 'They may.')];

describeController(SegmentController, 'Segment', {
  batch: [
    ApiOperation({ summary: 'Send a batch of messages', requestBody: bodyOf(BATCH, { batch: [TRACK] }) }),
    ...TAKEN,
  ],
  message: [
    ApiOperation({ summary: 'Send a message of the type in the path', requestBody: bodyOf(MESSAGE, TRACK) }),
    ...TAKEN,
  ],
  ignore: [
    ApiOperation({ summary: "Take the browser library's counts of itself, and drop them" }),
    Answer(200, 'Dropped.', { schema: SUCCESS, example: { success: true } }),
  ],
  preflight: PREFLIGHT,
});

const SETTINGS: SchemaObject = {
  title: 'SegmentSettings',
  type: 'object',
  properties: { integrations: anyObject('Where to send.'), plan: anyObject('Empty.') },
  required: ['integrations', 'plan'],
  additionalProperties: true,
};

describeController(SegmentSettingsController, 'Segment', {
  settings: [
    ApiOperation({ summary: 'What the libraries ask for before they send' }),
    PathParam('writeKey', { type: 'string', description: 'The API key.' }),
    Answer(200, 'The settings.', { schema: SETTINGS }),
    Problems(401, 403, 429, 503),
  ],
  preflight: [...PREFLIGHT, PathParam('writeKey', { type: 'string', description: 'Any.' })],
});
