import { Controller, Get, Param, Res } from '@nestjs/common';
import type { Response } from 'express';
import { problems, ProblemError } from '../../transport/problem';
import { GraphiqlFiles } from './graphiql-files';

/** The files of the playground; open to all, and nothing of it comes from another host. */
@Controller('graphql')
export class GraphiqlController {
  constructor(private readonly files: GraphiqlFiles) {}

  @Get(':file')
  async file(@Param('file') name: string, @Res() response: Response): Promise<void> {
    const file = await this.files.file(name);
    if (file === undefined) throw new ProblemError(problems.notFound('The playground has no such file.'));
    response.setHeader('Cache-Control', 'public, max-age=3600');
    response.setHeader('Content-Type', file.contentType);
    response.setHeader('Content-Encoding', 'gzip');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.end(file.gzipped);
  }
}
