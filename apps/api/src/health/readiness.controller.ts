import { Controller, Get } from '@nestjs/common';
import { problems, ProblemError } from '../transport/problem';
import { ApiDependencies } from './api-dependencies';
import { Readiness } from './readiness';

/** What a load balancer asks. */
@Controller()
export class ReadinessController {
  constructor(
    private readonly dependencies: ApiDependencies,
    private readonly readiness: Readiness,
  ) {}

  /**
   * 503 until the schema was found current, while PostgreSQL is away, and from SIGTERM on. The log is not asked: all
   * replicas share its outage, and reads go on. However many ask, PostgreSQL is asked once a second: reads need its
   * connections more.
   */
  @Get('readyz')
  async ready(): Promise<{ status: 'ready' }> {
    if (!this.readiness.ready) throw new ProblemError(problems.notReady());
    if (!(await this.dependencies.database.isUp())) throw new ProblemError(problems.unavailable());
    return { status: 'ready' };
  }
}
