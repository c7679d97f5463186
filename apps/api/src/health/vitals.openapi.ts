import { ApiOperation, ApiSecurity, type SchemaObject } from '@nestjs/swagger';
import { VitalsController } from '@app/observability';
import { Answer, Problems } from '../openapi/answers';
import { describeController } from '../openapi/describe';
import { arrayOf, objectOf, text } from '../openapi/schema';

const ALIVE = objectOf<{ status: 'ok' }>('Alive', {
  required: { status: { type: 'string', enum: ['ok'] } },
  optional: {},
});

const STUCK = objectOf<{ status: 'stuck'; parts: string[] }>('Stuck', {
  required: {
    status: { type: 'string', enum: ['stuck'] },
    parts: arrayOf(text('A part of the process that makes no progress.')),
  },
  optional: {},
});

const PARTS: SchemaObject = {
  type: 'object',
  description: 'By name.',
  additionalProperties: {
    type: 'object',
    properties: { status: { type: 'string', enum: ['up', 'down'] }, message: { type: 'string' } },
    required: ['status'],
    additionalProperties: true,
  },
};

const HEALTH = objectOf<{ status: string; info: object; error: object; details: object }>('Health', {
  required: {
    status: { type: 'string', enum: ['ok', 'error', 'shutting_down'] },
    info: { ...PARTS, description: 'What is up.' },
    error: { ...PARTS, description: 'What is down.' },
    details: { ...PARTS, description: 'Both.' },
  },
  optional: {},
});

const UP = { postgres: { status: 'up' }, log: { status: 'up' } };

describeController(VitalsController, 'Health', {
  live: [
    ApiOperation({
      summary: 'Whether the process lives',
      description: 'Asks nothing outside: an outage of Kafka must not restart every replica.',
    }),
    Answer(200, 'It lives.', { schema: ALIVE, example: { status: 'ok' } }),
    Answer(503, 'A part of it is stuck: start it anew.', { schema: STUCK }),
  ],
  health: [
    ApiOperation({ summary: 'What the process needs, and whether it is there' }),
    Answer(200, 'All is up.', { schema: HEALTH, example: { status: 'ok', info: UP, error: {}, details: UP } }),
    Answer(503, 'Something is down; the body names it.', { schema: HEALTH }),
  ],
  metrics: [
    ApiOperation({
      summary: 'Metrics for Prometheus',
      description: 'Open, or for the Bearer token of `MILLRACE_METRICS_KEY` where that is set.',
    }),
    ApiSecurity({}),
    ApiSecurity('metricsKey'),
    Answer(200, 'In the text format of Prometheus.', {
      type: 'text/plain',
      schema: { type: 'string' },
    }),
    Problems(401),
  ],
});
