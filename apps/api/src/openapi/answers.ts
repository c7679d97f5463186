import { ApiResponse, type ContentObject, type HeadersObject } from '@nestjs/swagger';
import { problemBody, problems, type Problem, type ProblemBody, type ProblemDetail } from '../transport/problem';
import { arrayOf, objectOf, orNull, text, uuid, type Schema } from './schema';

/** The statuses with which a request can be refused. */
export type RefusalStatus = 400 | 401 | 403 | 404 | 413 | 415 | 422 | 429 | 503;

const PROBLEM_DETAIL = objectOf<ProblemDetail>('ProblemDetail', {
  required: {
    field: text('Path of the value, like `data.items[3].price`; empty for the whole event.'),
    code: text('Stable; for programs.'),
    message: text('For people.'),
  },
  optional: { index: { type: 'integer', minimum: 0, description: 'Which event of an array, from 0.' } },
});

const PROBLEM = objectOf<ProblemBody>('Problem', {
  required: {
    type: { type: 'string', format: 'uri', description: 'Stable; for programs. Begins with `urn:millrace:problem:`.' },
    title: text('For people; the same for every problem of this type.'),
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: text('For people; about this request.'),
    request_id: text('As in the header `X-Request-Id`; leads to the log lines.'),
  },
  optional: {
    errors: arrayOf(PROBLEM_DETAIL),
    event_ids: arrayOf(orNull(uuid('Null where an event was refused.')), {
      description:
        'Of the events whose fate is unknown, in the order of the request: sent again with these ids, none is stored twice.',
    }),
  },
});

const LIMIT_BYTES = 5_242_880;
const REFUSALS: Readonly<Record<RefusalStatus, { readonly says: string; readonly example: Problem }>> = {
  400: { says: 'The request cannot be read.', example: problems.malformed('The body is not JSON.') },
  401: { says: 'No API key, or none that is valid.', example: problems.unauthenticated },
  403: { says: 'The key lacks the scope.', example: problems.forbidden('read') },
  404: { says: 'There is no such thing, or it belongs to another project.', example: problems.notFound('Not found.') },
  413: { says: 'The body is too large.', example: problems.tooLarge(LIMIT_BYTES) },
  415: { says: 'The body has a form that this call does not take.', example: problems.unsupportedMediaType('No.') },
  422: {
    says: 'What was sent breaks the contract; `errors` names what and where.',
    example: problems.invalid('A parameter is not valid.', [
      { field: 'limit', code: 'range', message: 'must be a whole number from 1 to 200' },
    ]),
  },
  429: {
    says: 'The key has sent more events than it may. Nothing was taken.',
    example: problems.limited(1, { eventsPerSecond: 10_000, burst: 50_000 }),
  },
  503: { says: 'PostgreSQL does not answer. Try again in a moment.', example: problems.unavailable() },
};

/** The headers of a problem are always there; those of digits are whole numbers. */
function problemHeaders({ headers = {} }: Problem): HeadersObject {
  const entries = Object.entries(headers).map(([name, value]) => {
    const schema = /^\d+$/.test(value) ? { type: 'integer', minimum: 0 } : { type: 'string' };
    return [name, { required: true, schema }] as const;
  });
  return Object.fromEntries(entries);
}

/** What a problem looks like on the wire. */
export function problemContent(problem: Problem): ContentObject {
  const example = problemBody('0b2f6f0e-3a54-4e42-9f0a-7a3c9c8c3f11', problem);
  return { 'application/problem+json': { schema: PROBLEM, example } };
}

/** The call may be refused with these; each says what it always means. */
export function Problems(...statuses: RefusalStatus[]): MethodDecorator {
  return (target, key, descriptor) => {
    for (const status of statuses)
      Refusal(status, REFUSALS[status].says, REFUSALS[status].example)(target, key, descriptor);
  };
}

/** The call may be refused with this, for a reason of its own. */
export function Refusal(status: RefusalStatus, description: string, example: Problem): MethodDecorator {
  const headers = problemHeaders(example);
  return ApiResponse({ status, description, content: problemContent(example), headers });
}

interface Body {
  readonly schema: Schema;
  readonly example?: unknown;
  /** `application/json` when left out. */
  readonly type?: string;
  readonly headers?: HeadersObject;
}

/** The call succeeds with this; without a body when none is given. */
export function Answer(status: number, description: string, body?: Body): MethodDecorator {
  if (body === undefined) return ApiResponse({ status, description });
  const { schema, example, type = 'application/json', headers } = body;
  const content = { [type]: { schema, ...(example === undefined ? {} : { example }) } };
  return ApiResponse({
    status,
    description,
    content,
    ...(headers === undefined ? {} : { headers }),
  });
}
