import { ApiOperation } from '@nestjs/swagger';
import { Answer, Problems } from '../../openapi/answers';
import { describeController, PathParam } from '../../openapi/describe';
import { GraphiqlController } from './graphiql.controller';
import { GRAPHIQL_FILES } from './graphiql-files';

describeController(GraphiqlController, 'Documentation', {
  file: [
    ApiOperation({ summary: 'A file of the playground of GraphQL' }),
    PathParam('file', { type: 'string', enum: [...GRAPHIQL_FILES] }),
    Answer(200, 'The file.', { type: '*/*', schema: { type: 'string', format: 'binary' } }),
    Problems(404),
  ],
});
