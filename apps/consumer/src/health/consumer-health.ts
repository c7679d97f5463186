import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { consumerMetrics, MetricSet, processMetrics, Vitals } from '@app/observability';
import { ConsumerDependencies } from './consumer-dependencies';
import { ProgressKeeper } from './progress-keeper';

/** Puts a consumer's health where the process shows it. */
@Injectable()
export class ConsumerHealth implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly vitals: Vitals,
    private readonly dependencies: ConsumerDependencies,
    private readonly keeper: ProgressKeeper,
  ) {}

  onModuleInit(): void {
    const { database, log } = this.dependencies;
    this.vitals.addDependency(database);
    this.vitals.addDependency(log);
    this.vitals.addPart('consumer', () => this.keeper.progress());
    this.vitals.addMetrics(
      new MetricSet()
        .add(processMetrics.databaseUp, async () => Number(await database.isUp()))
        .add(processMetrics.logUp, async () => Number(await log.isUp()))
        .add(consumerMetrics.stuck, () => Number(!this.keeper.progress().alive)),
    );
    this.keeper.start();
  }

  onApplicationShutdown(): void {
    this.keeper.stop();
  }
}
