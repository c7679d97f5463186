import { ApiOperation } from '@nestjs/swagger';
import { Answer, Problems, Refusal } from '../../openapi/answers';
import { describeController, describeDto, PathParam } from '../../openapi/describe';
import { count, objectOf, uuid } from '../../openapi/schema';
import { problems } from '../../transport/problem';
import { EraseUserDto } from './erase-user.dto';
import type { ErasureDto, RemovedDto, RequestedErasureDto } from './erasure.convert';
import { ErasuresController } from './erasures.controller';

const ERASURE_ID = '019a3c1e-7f00-7000-8000-00000000e4a5';

const REQUESTED = objectOf<RequestedErasureDto>('RequestedErasure', {
  required: { erasure_id: uuid('To ask how far it is.') },
  optional: {},
});
const REMOVED = objectOf<RemovedDto>('Removed', {
  required: {
    hot: count('Events in PostgreSQL.'),
    cold: count('Events in the archive.'),
    dead_letters: count('Dead letters.'),
    user_days: count('Days on which the user was counted as active.'),
  },
  optional: {},
});
const ERASURE = objectOf<ErasureDto>('Erasure', {
  required: {
    status: {
      type: 'string',
      enum: ['queued', 'running', 'done', 'failed'] satisfies ErasureDto['status'][],
      description: '`done`: nothing of it is left. `failed`: something may be; ask for it again.',
    },
    removed: REMOVED,
  },
  optional: {},
});

describeDto(EraseUserDto, {
  user_id: { description: 'Whom to erase; may be `.` or `..`, too.', minLength: 1, maxLength: 200, example: 'user-1' },
});

const REQUESTED_ANSWERS = [
  Answer(202, 'It begins within seconds.', { schema: REQUESTED, example: { erasure_id: ERASURE_ID } }),
  Refusal(429, 'A thousand of the project are not over.', problems.tooManyErasures()),
];

describeController(ErasuresController, 'Administration', {
  request: [
    ApiOperation({
      summary: 'Erase a user',
      description:
        'Removes all events, dead letters and numbers of the user, and refuses what was received before and comes later. Safe to repeat.',
    }),
    PathParam('user_id', { type: 'string', minLength: 1, maxLength: 200 }, 'user-1'),
    ...REQUESTED_ANSWERS,
    Problems(400, 404, 422),
  ],
  requestOf: [
    ApiOperation({
      summary: 'Erase any user',
      description: 'The same. In a path, clients take the ids `.` and `..` for steps; here they are ids.',
    }),
    ...REQUESTED_ANSWERS,
    Problems(400, 422),
  ],
  one: [
    ApiOperation({ summary: 'Ask how far an erasure is' }),
    PathParam('id', { type: 'string', format: 'uuid' }, ERASURE_ID),
    Answer(200, 'How far it is.', {
      schema: ERASURE,
      example: { status: 'done', removed: { hot: 812, cold: 0, dead_letters: 1, user_days: 34 } },
    }),
    Problems(404, 422),
  ],
});
