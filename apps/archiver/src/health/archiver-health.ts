import { Injectable, type OnModuleInit } from '@nestjs/common';
import { MetricSet, processMetrics, Vitals, type Progress } from '@app/observability';
import { ArchiverLoop } from '../archiver-loop';
import { ArchiverDependencies } from './archiver-dependencies';
import { ArchiverMetrics } from './archiver-metrics';

/** The longest step is the transaction that deletes a million rows: a minute on a slow disk. */
const STUCK_MS = 900_000;

/** Puts an archiver's health where the process shows it. */
@Injectable()
export class ArchiverHealth implements OnModuleInit {
  constructor(
    private readonly vitals: Vitals,
    private readonly dependencies: ArchiverDependencies,
    private readonly loop: ArchiverLoop,
    private readonly metrics: ArchiverMetrics,
  ) {}

  onModuleInit(): void {
    const { database, archive } = this.dependencies;
    this.vitals.addDependency(database);
    this.vitals.addDependency(archive);
    this.vitals.addPart('archiver', () => this.progress());
    this.vitals.addMetrics(new MetricSet().add(processMetrics.databaseUp, async () => Number(await database.isUp())));
    this.vitals.addMetrics(this.metrics.set());
  }

  private progress(): Progress {
    const stillMs = this.loop.stillMs ?? 0;
    return { alive: stillMs < STUCK_MS, detail: { still_seconds: Math.round(stillMs / 1000) } };
  }
}
