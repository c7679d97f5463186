import type { SchemaObject } from '@nestjs/swagger';
import type { FieldError } from '@app/events';
import { EVENT } from '../../query/event.schema';
import { anyObject, arrayOf, count, objectOf, orNull, text, uuid } from '../../openapi/schema';

const LABEL = { minLength: 1, maxLength: 200, pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$' };
const label = (description: string): SchemaObject => ({ type: ['string', 'null'], ...LABEL, description });
const instant = (description: string): SchemaObject => ({ type: ['string', 'null'], format: 'date-time', description });
const object = (description: string): SchemaObject => ({ ...anyObject(description), type: ['object', 'null'] });
const NAMES = ['name', 'event_type', 'type'];

/** An event as clients send it; the rules are those of `parseEvent`. */
export const NEW_EVENT: SchemaObject = {
  title: 'NewEvent',
  type: 'object',
  description:
    'A member that is null is the same as one that is missing. Two names of one member together are refused.',
  properties: {
    event_id: orNull(uuid('Its identity within the project: stored once, ever. A UUIDv7 when left out.')),
    name: label('What happened, like `user.created`. Control characters are refused.'),
    event_type: label('The same as `name`.'),
    type: label('The same as `name`.'),
    source: label('Where it comes from.'),
    user_id: label('Whom it is about.'),
    occurred_at: instant('When it happened, with zone; at most 24 hours ahead. The time of arrival when left out.'),
    timestamp: instant('The same as `occurred_at`.'),
    amount: {
      type: ['number', 'null'],
      minimum: -999_999_999_999_999_900,
      maximum: 999_999_999_999_999_900,
      description: 'At most 9 decimals.',
    },
    data: object('At most 256 KiB and 32 levels.'),
    properties: object('The same as `data`.'),
    payload: object('The same as `data`.'),
  },
  anyOf: NAMES.map((name) => ({ required: [name] })),
  additionalProperties: false,
};

/** What `POST /api/v1/events` takes. */
export const EVENTS_BODY: SchemaObject = {
  oneOf: [NEW_EVENT, arrayOf(NEW_EVENT, { minItems: 1, maxItems: 1000, description: 'At most 5 MiB in all.' })],
};

/** What `POST /api/v1/events` takes as NDJSON. */
export const NDJSON_BODY: SchemaObject = {
  type: 'string',
  description: 'A `NewEvent` as JSON on each line, 1000 at most; empty lines are skipped.',
};

const REFUSED_EVENT = objectOf<FieldError & { index: number }>('RefusedEvent', {
  required: {
    index: { type: 'integer', minimum: 0, description: 'Which event of the array, from 0.' },
    field: text('Path of the value, like `data.items[3].price`; empty for the whole event.'),
    code: text('Stable; for programs.'),
    message: text('For people.'),
  },
  optional: {},
});

export const ACCEPTED = objectOf<{ event_id: string; status: 'accepted' | 'erased' }>('Accepted', {
  required: {
    event_id: uuid('As sent, or made.'),
    status: {
      type: 'string',
      enum: ['accepted', 'erased'],
      description: 'With `wait=stored`, `erased` when the event is not stored, since its user was erased.',
    },
  },
  optional: {},
});

interface AcceptedBatch {
  readonly accepted: number;
  readonly rejected: number;
  readonly event_ids: unknown;
  readonly errors: unknown;
}

const OUTCOMES = {
  accepted: count('How many were taken.'),
  rejected: count('How many were not.'),
  event_ids: arrayOf(orNull(uuid('Null where the event was refused.')), {
    description: 'In the order of the request.',
  }),
  errors: arrayOf(REFUSED_EVENT),
};

export const ACCEPTED_BATCH = objectOf<AcceptedBatch>('AcceptedBatch', { required: OUTCOMES, optional: {} });

export const STORED_BATCH = objectOf<AcceptedBatch & { readonly data: unknown }>('StoredBatch', {
  required: {
    ...OUTCOMES,
    data: arrayOf(
      { anyOf: [EVENT, { type: 'null' }] },
      { description: 'The stored events in the order of the request; null where one is not stored.' },
    ),
  },
  optional: {},
});
