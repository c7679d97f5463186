import { ApiOperation } from '@nestjs/swagger';
import { Answer, Problems } from '../../openapi/answers';
import { describeController, describeDto, PathParam } from '../../openapi/describe';
import { pageOf } from '../../openapi/schema';
import '../list.openapi';
import { RETENTION_DAYS } from './is-retention-days';
import type { ProjectDto } from './project.convert';
import { ChangeProjectDto, CreateProjectDto } from './project.dto';
import { PROJECT } from './project.schema';
import { ProjectsController } from './projects.controller';

const ONLY_DEFAULT = 'For keys of project `default` only.';
const EXAMPLE: ProjectDto = { id: 2, name: 'shop', retention_days: 365, events_from: null };
const RETENTION = { ...RETENTION_DAYS, example: 365 };

describeDto(CreateProjectDto, {
  name: { description: 'Unique; not of digits only. Control characters are refused.', example: 'shop' },
  retention_days: { ...RETENTION, description: 'How many days it keeps its events; for ever when left out or null.' },
});
describeDto(ChangeProjectDto, {
  retention_days: { ...RETENTION, description: 'How many days it keeps its events from now on; null: for ever.' },
});

describeController(ProjectsController, 'Administration', {
  list: [
    ApiOperation({ summary: 'List projects', description: ONLY_DEFAULT }),
    Answer(200, 'A page, by id.', { schema: pageOf('ProjectPage', PROJECT) }),
    Problems(422),
  ],
  create: [
    ApiOperation({ summary: 'Make a project', description: ONLY_DEFAULT }),
    Answer(201, 'It is there.', { schema: PROJECT, example: EXAMPLE }),
    Problems(400, 413, 415, 422),
  ],
  change: [
    ApiOperation({
      summary: 'Say how long a project keeps its events',
      description: `Older ones are dropped within minutes, for good; their numbers stay. ${ONLY_DEFAULT}`,
    }),
    PathParam('id', { type: 'string', pattern: '^[0-9]{1,9}$' }, '2'),
    Answer(200, 'From now on it does.', { schema: PROJECT, example: EXAMPLE }),
    Problems(400, 404, 413, 415, 422),
  ],
});
