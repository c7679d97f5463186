import { Injectable, type OnModuleInit } from '@nestjs/common';
import { MetricSet, processMetrics, Vitals } from '@app/observability';
import { ApiDependencies } from './api-dependencies';

/** Puts what the API depends on where the process shows it. */
@Injectable()
export class ApiHealth implements OnModuleInit {
  constructor(
    private readonly vitals: Vitals,
    private readonly dependencies: ApiDependencies,
  ) {}

  onModuleInit(): void {
    const { database, log } = this.dependencies;
    this.vitals.addDependency(database);
    this.vitals.addDependency(log);
    this.vitals.addMetrics(
      new MetricSet()
        .add(processMetrics.databaseUp, async () => Number(await database.isUp()))
        .add(processMetrics.logUp, async () => Number(await log.isUp())),
    );
  }
}
