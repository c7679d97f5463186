import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { EventConsumer } from '@app/messaging';
import { ConsumerDependencies } from './consumer-dependencies';

/** Whether a consumer takes part: what a rolling restart waits for. */
@Controller()
export class ReadinessController {
  constructor(
    private readonly consumer: EventConsumer,
    private readonly dependencies: ConsumerDependencies,
  ) {}

  /** 503 until the consumer has joined its group, and while PostgreSQL is away. */
  @Get('readyz')
  async ready(): Promise<{ status: 'ready' }> {
    if (!this.consumer.status().joined) throw new ServiceUnavailableException('The consumer has not joined its group.');
    if (!(await this.dependencies.database.isUp()))
      throw new ServiceUnavailableException('PostgreSQL does not answer.');
    return { status: 'ready' };
  }
}
