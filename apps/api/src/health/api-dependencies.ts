import { Injectable } from '@nestjs/common';
import { LogProbe } from '@app/messaging';
import { Dependency } from '@app/observability';
import { Database } from '@app/persistence';

/** What the API depends on: without the log it takes nothing, without PostgreSQL it reads nothing. */
@Injectable()
export class ApiDependencies {
  readonly database: Dependency;
  readonly log: Dependency;

  constructor(database: Database, probe: LogProbe) {
    this.database = new Dependency('postgresql', () => database.ping());
    this.log = new Dependency(probe.logKind, () => probe.ping());
  }
}
