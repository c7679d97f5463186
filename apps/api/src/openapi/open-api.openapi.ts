import { ApiOperation } from '@nestjs/swagger';
import { Answer, Problems } from './answers';
import { describeController, PathParam } from './describe';
import { OpenApiController } from './open-api.controller';
import { SWAGGER_UI_FILES } from './swagger-ui';

const POLICY = { 'Content-Security-Policy': { required: true, schema: { type: 'string' } } } as const;

describeController(OpenApiController, 'Documentation', {
  json: [
    ApiOperation({ summary: 'This document' }),
    Answer(200, 'OpenAPI 3.1.', { schema: { type: 'object', required: ['openapi', 'info', 'paths'] } }),
  ],
  page: [
    ApiOperation({ summary: 'This document to read and to try out' }),
    Answer(200, 'Swagger UI; loads nothing from other hosts.', {
      type: 'text/html',
      schema: { type: 'string' },
      headers: POLICY,
    }),
  ],
  file: [
    ApiOperation({ summary: 'A file of the page' }),
    PathParam('file', { type: 'string', enum: [...SWAGGER_UI_FILES] }),
    Answer(200, 'The file.', { type: '*/*', schema: { type: 'string', format: 'binary' } }),
    Problems(404),
  ],
});
