import { Module, type DynamicModule } from '@nestjs/common';
import { ArchiveModule, ColdTier } from '@app/archive';
import type { ArchiverConfig } from '@app/config';
import { LoggingModule, Vitals, VitalsModule } from '@app/observability';
import { Database, Eraser, PersistenceModule } from '@app/persistence';
import type { Logger } from 'pino';
import { ArchiveWork } from './archive-work';
import { ArchiverLoop } from './archiver-loop';
import { ErasureWork } from './erasure-work';
import { ArchiverDependencies } from './health/archiver-dependencies';
import { ArchiverHealth } from './health/archiver-health';
import { ArchiverMetrics } from './health/archiver-metrics';
import { ReadinessController } from './health/readiness.controller';
import { ARCHIVER_CONFIG } from './tokens';

export interface ArchiverHooks {
  /** The process cannot go on: the schema is older than the program. */
  readonly onFatal: (error: unknown) => void;
  /** Of the process that this archiver is a part of; its own when left out. */
  readonly vitals?: Vitals;
}

/** The archiver: what it is made of. */
@Module({})
export class ArchiverModule {
  static with(config: ArchiverConfig, logger: Logger, hooks: ArchiverHooks): DynamicModule {
    return {
      module: ArchiverModule,
      imports: [
        LoggingModule.with(logger),
        VitalsModule.with(hooks.vitals ?? new Vitals('archiver'), config.metricsKey),
        PersistenceModule.with(config.postgres),
        ArchiveModule.forMoving(config.cold),
      ],
      controllers: [ReadinessController],
      providers: [
        { provide: ARCHIVER_CONFIG, useValue: config },
        {
          provide: Eraser,
          useFactory: (database: Database, tier: ColdTier) => tier.eraser(database),
          inject: [Database, ColdTier],
        },
        ArchiveWork,
        ErasureWork,
        ArchiverLoop,
        ArchiverDependencies,
        ArchiverMetrics,
        ArchiverHealth,
      ],
    };
  }
}
