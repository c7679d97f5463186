import { Injectable, type OnModuleInit } from '@nestjs/common';
import { LogProbe } from '@app/messaging';
import { Dependency, MetricSet, processMetrics, Vitals } from '@app/observability';
import { Database } from '@app/persistence';

/** Puts what the API depends on where the process shows it: without the log it takes nothing, without PostgreSQL it reads nothing. */
@Injectable()
export class ApiHealth implements OnModuleInit {
  constructor(
    private readonly vitals: Vitals,
    private readonly database: Database,
    private readonly probe: LogProbe,
  ) {}

  onModuleInit(): void {
    const database = new Dependency('postgresql', () => this.database.ping());
    const log = new Dependency(this.probe.logKind, () => this.probe.ping());
    this.vitals.addDependency(database);
    this.vitals.addDependency(log);
    this.vitals.addMetrics(
      new MetricSet()
        .add(processMetrics.databaseUp, async () => Number(await database.isUp()))
        .add(processMetrics.logUp, async () => Number(await log.isUp())),
    );
  }
}
