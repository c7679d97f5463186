import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { ArchiverLoop } from '../archiver-loop';
import { ArchiverDependencies } from './archiver-dependencies';

/** Whether an archiver works. */
@Controller()
export class ReadinessController {
  constructor(
    private readonly loop: ArchiverLoop,
    private readonly dependencies: ArchiverDependencies,
  ) {}

  /** 503 until the schema was found current, and while PostgreSQL is away. */
  @Get('readyz')
  async ready(): Promise<{ status: 'ready' }> {
    if (this.loop.stillMs === undefined) throw new ServiceUnavailableException('The schema was not found current yet.');
    if (!(await this.dependencies.database.isUp()))
      throw new ServiceUnavailableException('PostgreSQL does not answer.');
    return { status: 'ready' };
  }
}
