import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { EventConsumer } from '@app/messaging';
import { Database } from '@app/persistence';

/** Whether a consumer takes part: what a rolling restart waits for. */
@Controller()
export class ReadinessController {
  constructor(
    private readonly consumer: EventConsumer,
    private readonly database: Database,
  ) {}

  /** 503 until the consumer has joined its group, and while PostgreSQL is away. */
  @Get('readyz')
  async ready(): Promise<{ status: 'ready' }> {
    if (!this.consumer.status().joined) throw new ServiceUnavailableException('The consumer has not joined its group.');
    await this.database.ping().catch((error: unknown) => {
      throw new ServiceUnavailableException('PostgreSQL does not answer.', { cause: error });
    });
    return { status: 'ready' };
  }
}
