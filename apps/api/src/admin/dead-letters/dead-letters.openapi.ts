import { ApiOperation, type SchemaObject } from '@nestjs/swagger';
import { Answer, Problems } from '../../openapi/answers';
import { describeController, describeDto, PathParam } from '../../openapi/describe';
import { arrayOf, count, instant, objectOf, orNull, pageOf, text } from '../../openapi/schema';
import type { BytesDto, DeadLetterDto, HeaderDto, WholeDeadLetterDto } from './dead-letter.convert';
import { DeadLetterOrdersController } from './dead-letter-orders.controller';
import { DeadLettersController } from './dead-letters.controller';
import { ListDeadLettersDto } from './list-dead-letters.dto';

const SUMMARY = {
  id: text('Its own id.'),
  status: { type: 'string', enum: ['open', 'replayed', 'discarded'] },
  stage: { type: 'string', enum: ['accept', 'decode', 'store'], description: 'Where it failed.' },
  reason: text('Stable; for programs.'),
  detail: text('For people.'),
  event_id: orNull(text('Of the event, where it is known.')),
  topic: text('Where it came from.'),
  partition: { type: 'integer' },
  offset: { type: 'integer' },
  value_bytes: orNull(count('Size of the value.')),
  attempts: count('How often it was tried.'),
  created_at: instant('When it failed.'),
  resolved_at: orNull(instant('When it was replayed or discarded.')),
};
const BYTES = { base64: text('The bytes.'), text: orNull(text('The same, where they are text.')) };
const BYTES_OR_NULL = { anyOf: [objectOf<BytesDto>('Bytes', { required: BYTES, optional: {} }), { type: 'null' }] };
const HEADER = objectOf<HeaderDto>('Header', { required: { ...BYTES, name: text('Its name.') }, optional: {} });

const LETTER = objectOf<DeadLetterDto>('DeadLetter', { required: SUMMARY, optional: {} });
const WHOLE = objectOf<WholeDeadLetterDto>('WholeDeadLetter', {
  required: { ...SUMMARY, key: BYTES_OR_NULL, value: BYTES_OR_NULL, headers: arrayOf(HEADER) },
  optional: {},
});
const REPLAYED: SchemaObject = {
  title: 'Replayed',
  type: 'object',
  properties: {
    matched: count('How many it was about.'),
    replayed: count('How many were sent.'),
    next_cursor: text('Where to go on.'),
  },
  required: ['matched', 'replayed'],
};
const DISCARDED: SchemaObject = {
  title: 'Discarded',
  type: 'object',
  properties: { matched: count('How many it was about.'), discarded: count('How many were discarded.') },
  required: ['matched', 'discarded'],
};
const ID = PathParam('id', { type: 'string' });

describeDto(ListDeadLettersDto, {
  limit: 'How many the page has at most.',
  cursor: 'What the page before gave as `next_cursor`.',
  status: 'Which are shown.',
  stage: 'Where they failed.',
  reason: 'Why they failed.',
  topic: 'Where they came from.',
  from: 'Failed at or after.',
  to: 'Failed before.',
});

describeController(DeadLettersController, 'Dead letters', {
  list: [
    ApiOperation({ summary: 'List dead letters, newest first' }),
    Answer(200, 'A page.', { schema: pageOf('DeadLetterPage', LETTER) }),
    Problems(422),
  ],
  one: [
    ApiOperation({ summary: 'Read one dead letter, with its bytes' }),
    ID,
    Answer(200, 'The dead letter.', { schema: WHOLE }),
    Problems(404, 422),
  ],
});

const ORDER: SchemaObject = { type: 'object', additionalProperties: true, description: '`filter` or `"all": true`.' };
const orderBody = { required: true, content: { 'application/json': { schema: ORDER } } };

describeController(DeadLetterOrdersController, 'Dead letters', {
  replayMany: [
    ApiOperation({ summary: 'Replay those that a filter matches', requestBody: orderBody }),
    Answer(202, 'They are sent again.', { schema: REPLAYED }),
    Problems(400, 413, 415, 422),
  ],
  discardMany: [
    ApiOperation({ summary: 'Discard those that a filter matches', requestBody: orderBody }),
    Answer(202, 'They are discarded.', { schema: DISCARDED }),
    Problems(400, 413, 415, 422),
  ],
  replayOne: [
    ApiOperation({ summary: 'Replay one' }),
    ID,
    Answer(202, 'It is sent again.', { schema: REPLAYED }),
    Problems(404, 422),
  ],
  discardOne: [
    ApiOperation({ summary: 'Discard one' }),
    ID,
    Answer(202, 'It is discarded.', { schema: DISCARDED }),
    Problems(404, 422),
  ],
});
