import { ApiBody, ApiOperation, type SchemaObject } from '@nestjs/swagger';
import { Answer, Problems, Refusal } from '../../openapi/answers';
import { describeController, describeDto, PathParam } from '../../openapi/describe';
import { arrayOf, instant, objectOf, orNull, pageOf, text } from '../../openapi/schema';
import { problems } from '../../transport/problem';
import '../list.openapi';
import { OWNER } from '../projects/project.schema';
import type { KeyDto, NewKeyDto } from './key.convert';
import { CreateKeyDto, RotateKeyDto } from './key.dto';
import { KeysController } from './keys.controller';

const SCOPE: SchemaObject = { type: 'string', enum: ['ingest', 'read', 'admin'] };
const SHARED = {
  id: text('Its public part.'),
  name: text('As it was given.'),
  scopes: arrayOf(SCOPE, { description: '`admin` includes the others.' }),
  project: OWNER,
  created_at: instant('When it was made.'),
  expires_at: orNull(instant('From then on it is refused; null for never.')),
};

const KEY = objectOf<KeyDto>('Key', {
  required: {
    ...SHARED,
    revoked_at: orNull(instant('When it was revoked.')),
    last_used_at: orNull(instant('When it was last seen, to about a minute.')),
  },
  optional: {},
});

const NEW_KEY = objectOf<NewKeyDto>('NewKey', {
  required: { ...SHARED, key: text('The key itself, shown this once.') },
  optional: {},
});

const EXPIRY: SchemaObject = { type: 'string', format: 'date-time', nullable: true };

describeDto(CreateKeyDto, {
  name: { description: 'For people. Control characters are refused.', example: 'shop' },
  scopes: { type: 'array', items: SCOPE, minItems: 1, uniqueItems: true, example: ['ingest'] },
  project: {
    description: "Id or name; the caller's when left out.",
    oneOf: [{ type: 'string' }, { type: 'integer' }, { type: 'null' }],
    example: 'default',
  },
  expires_at: {
    ...EXPIRY,
    description: 'With zone, and to come; never when left out.',
    example: '2099-12-31T00:00:00Z',
  },
});
describeDto(RotateKeyDto, {
  expires_at: {
    ...EXPIRY,
    description: 'With zone, and to come; as for the old key when left out.',
    example: '2099-12-31T00:00:00Z',
  },
});

const ID = PathParam('id', { type: 'string' });

describeController(KeysController, 'Administration', {
  list: [
    ApiOperation({
      summary: 'List keys',
      description:
        "Of the caller's project; of all projects for keys of project `default`. Also revoked and expired ones.",
    }),
    Answer(200, 'A page, by project and id.', { schema: pageOf('KeyPage', KEY) }),
    Problems(422),
  ],
  create: [
    ApiOperation({ summary: 'Make a key' }),
    Answer(201, 'The key, shown this once.', { schema: NEW_KEY }),
    Problems(400, 413, 415, 422),
  ],
  rotate: [
    ApiOperation({
      summary: 'Make a second key like this one',
      description: 'The old one is valid until it is revoked.',
    }),
    ApiBody({ type: RotateKeyDto, required: false }),
    ID,
    Answer(201, 'The new key, shown this once.', { schema: NEW_KEY }),
    Problems(400, 404, 413, 415, 422),
  ],
  revoke: [
    ApiOperation({ summary: 'Revoke a key', description: 'For ever, everywhere within a minute. Again is no error.' }),
    ID,
    Answer(204, 'It is revoked.'),
    Problems(404),
    Refusal(
      422,
      'It is the last valid key with the scope `admin` of project `default`.',
      problems.invalid('The call was not done.', [
        { field: 'id', code: 'conflict', message: 'is the last valid key with the scope admin' },
      ]),
    ),
  ],
});
