import { ApiOperation } from '@nestjs/swagger';
import { Answer, Refusal } from '../openapi/answers';
import { describeController } from '../openapi/describe';
import { objectOf } from '../openapi/schema';
import { problems } from '../transport/problem';
import { ReadinessController } from './readiness.controller';

const READY = objectOf<{ status: 'ready' }>('Ready', {
  required: { status: { type: 'string', enum: ['ready'] } },
  optional: {},
});

describeController(ReadinessController, 'Health', {
  ready: [
    ApiOperation({ summary: 'Whether to send requests here', description: 'What a load balancer asks.' }),
    Answer(200, 'Ready.', { schema: READY, example: { status: 'ready' } }),
    Refusal(503, 'Starting, stopping, or PostgreSQL is away.', problems.notReady()),
  ],
});
