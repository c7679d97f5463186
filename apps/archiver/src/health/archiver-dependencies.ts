import { Injectable } from '@nestjs/common';
import { ColdTier } from '@app/archive';
import { Dependency } from '@app/observability';
import { Database } from '@app/persistence';

/** What an archiver cannot work without. */
@Injectable()
export class ArchiverDependencies {
  readonly database: Dependency;
  readonly archive: Dependency;

  constructor(database: Database, tier: ColdTier) {
    this.database = new Dependency('postgresql', () => database.ping());
    this.archive = new Dependency('archive', () => tier.storage.prepare());
  }
}
