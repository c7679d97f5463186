import { ApiBody, ApiOperation, ApiQuery } from '@nestjs/swagger';
import { Answer, Problems } from '../openapi/answers';
import { describeController, NeedsKey } from '../openapi/describe';
import { anyObject, arrayOf, objectOf, orNull, text } from '../openapi/schema';
import { GraphqlController } from './graphql.controller';

const FAILURE = objectOf<{ message: string; extensions: object; path?: unknown; locations?: unknown }>('GraphqlError', {
  required: {
    message: text('For people.'),
    extensions: anyObject('`code` is stable, for programs; `field` names an argument.'),
  },
  optional: { path: { type: 'array', items: {} }, locations: { type: 'array', items: {} } },
});

const RESULT = objectOf<{ data?: object | null; errors?: unknown }>('GraphqlResult', {
  required: {},
  optional: { data: orNull(anyObject('By field.')), errors: arrayOf(FAILURE) },
});

const QUERY = '{ lastEvents(limit: 5) { id name timestamp } }';

const result = { schema: RESULT, example: { data: { lastEvents: [] } } };

describeController(GraphqlController, 'GraphQL', {
  post: [
    ApiOperation({
      summary: 'Ask by GraphQL',
      description:
        'By GraphQL over HTTP; `application/graphql-response+json` in `Accept` makes refused documents 400. Subscriptions go over a WebSocket at this path (`graphql-transport-ws`).',
    }),
    ApiBody({
      required: true,
      schema: {
        type: 'object',
        required: ['query'],
        properties: {
          query: { type: 'string', description: 'The document.' },
          operationName: { type: ['string', 'null'] as unknown as 'string' },
          variables: { type: ['object', 'null'] as unknown as 'object', additionalProperties: true },
          extensions: { type: ['object', 'null'] as unknown as 'object', additionalProperties: true },
        },
        example: { query: QUERY },
      },
    }),
    Answer(200, 'The result; of fields that failed, `errors`.', result),
    Problems(413, 415, 422),
  ],
  get: [
    ApiOperation({
      summary: 'Ask by GraphQL in the URL, or open the playground',
      description: 'With `text/html` in `Accept` the playground, without a key; it loads nothing from other hosts.',
    }),
    NeedsKey('read'),
    ApiQuery({ name: 'query', required: true, schema: { type: 'string' }, example: QUERY }),
    ApiQuery({ name: 'operationName', required: false, schema: { type: 'string' } }),
    ApiQuery({ name: 'variables', required: false, schema: { type: 'string' }, description: 'JSON.' }),
    Answer(200, 'The result; of fields that failed, `errors`.', result),
  ],
});
