import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { apiMetrics, Dependency, MetricSet, Vitals } from '@app/observability';
import { EventLimit } from './event-limit';

/** Starts and ends the limit with the process, and shows how it is. */
@Injectable()
export class LimitVitals implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly vitals: Vitals,
    private readonly limit: EventLimit,
  ) {}

  onModuleInit(): void {
    const { limit } = this;
    const { shared } = limit;
    const metrics = new MetricSet().add(apiMetrics.limited, () => limit.limited);
    if (shared !== undefined) {
      metrics.add(apiMetrics.limitShared, () => Number(shared.up));
      // Not that of readiness: without Redis everything works, with a coarser limit.
      this.vitals.addDependency(new Dependency('redis', () => this.askIfUp()));
    }
    this.vitals.addMetrics(metrics);
    limit.start();
  }

  onApplicationShutdown(): void {
    this.limit.close();
  }

  private async askIfUp(): Promise<void> {
    if (this.limit.shared?.up !== true) throw new Error('Redis is away.');
    await this.limit.shared.ping();
  }
}
