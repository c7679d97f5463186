import { ApiOperation } from '@nestjs/swagger';
import { Answer, Problems } from '../../openapi/answers';
import { describeController, describeDto } from '../../openapi/describe';
import { pageOf } from '../../openapi/schema';
import '../list.openapi';
import { CreateProjectDto } from './create-project.dto';
import { PROJECT } from './project.schema';
import { ProjectsController } from './projects.controller';

const ONLY_DEFAULT = 'For keys of project `default` only.';

describeDto(CreateProjectDto, {
  name: { description: 'Unique; not of digits only. Control characters are refused.', example: 'shop' },
});

describeController(ProjectsController, 'Administration', {
  list: [
    ApiOperation({ summary: 'List projects', description: ONLY_DEFAULT }),
    Answer(200, 'A page, by id.', { schema: pageOf('ProjectPage', PROJECT) }),
    Problems(422),
  ],
  create: [
    ApiOperation({ summary: 'Make a project', description: ONLY_DEFAULT }),
    Answer(201, 'It is there.', { schema: PROJECT, example: { id: 2, name: 'shop' } }),
    Problems(400, 413, 415, 422),
  ],
});
