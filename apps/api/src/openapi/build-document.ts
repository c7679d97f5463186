import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import './descriptions';
import { API_KEY, BASIC, BEARER, TICKET } from './describe';
import { completeDocument } from './complete-document';

const ABOUT = `Applications post events, Millrace stores each exactly once, and people read them back.

**202 means durable.** 4xx means not stored, with the reason. 503, a time-out or a reset means unknown: sending the same
event with the same id again is always safe. Errors are \`application/problem+json\` (RFC 9457), and every answer carries
\`X-Request-Id\`. A path that is none is 404, a method that a path does not take 405 with \`Allow\`.`;

/** Describes the routes that the application has: paths and methods are read from the running table. */
export function buildDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Millrace')
    .setDescription(ABOUT)
    .setVersion('v1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    // Relative to where the document was read, so that it is true behind any proxy.
    .addServer('./')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key' }, API_KEY)
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'The same API key.' }, BEARER)
    .addBasicAuth({ type: 'http', scheme: 'basic', description: 'The API key as the user, no password.' }, BASIC)
    .addApiKey(
      {
        type: 'apiKey',
        in: 'query',
        name: 'ticket',
        description: 'From `POST /api/v1/tickets`, instead of a key; good once.',
      },
      TICKET,
    )
    .addSecurity('metricsKey', { type: 'http', scheme: 'bearer', description: 'The token of `MILLRACE_METRICS_KEY`.' })
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    // A route of several paths has a number in brackets behind its name.
    operationIdFactory: (controller, method) =>
      `${controller.replace(/Controller$/, '')}.${method.replace(/\[(\d+)\]/, '.$1')}`,
  });
  return completeDocument(document);
}
