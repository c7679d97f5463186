import { Controller, Get } from '@nestjs/common';
import { Database } from '@app/persistence';
import { problems, ProblemError } from '../transport/problem';
import { Readiness } from './readiness';

/** What an orchestrator asks. Open to all. */
@Controller()
export class HealthController {
  constructor(
    private readonly database: Database,
    private readonly readiness: Readiness,
  ) {}

  /** The process answers: that is all liveness may depend on, or an outage of Kafka would restart every replica. */
  @Get('healthz')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** 503 until the schema was found current, while PostgreSQL is away, and from SIGTERM on. */
  @Get('readyz')
  async ready(): Promise<{ status: 'ready' }> {
    if (!this.readiness.ready) throw new ProblemError(problems.notReady());
    await this.database.ping();
    return { status: 'ready' };
  }
}
