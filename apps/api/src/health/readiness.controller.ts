import { Controller, Get } from '@nestjs/common';
import { Database } from '@app/persistence';
import { problems, ProblemError } from '../transport/problem';
import { Readiness } from './readiness';

/** What a load balancer asks. */
@Controller()
export class ReadinessController {
  constructor(
    private readonly database: Database,
    private readonly readiness: Readiness,
  ) {}

  /**
   * 503 until the schema was found current, while PostgreSQL is away, and from SIGTERM on. The log is not asked: all
   * replicas share its outage, and reads go on.
   */
  @Get('readyz')
  async ready(): Promise<{ status: 'ready' }> {
    if (!this.readiness.ready) throw new ProblemError(problems.notReady());
    await this.database.ping();
    return { status: 'ready' };
  }
}
