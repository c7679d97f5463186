import { Inject, Injectable } from '@nestjs/common';
import { boundaryOf } from '@app/archive';
import type { ArchiverConfig } from '@app/config';
import { archiverMetrics, MetricSet, SharedAnswer } from '@app/observability';
import { ArchiveState, type ArchiveFigures } from '@app/persistence';
import { ArchiveWork } from '../archive-work';
import { ErasureWork } from '../erasure-work';
import { ARCHIVER_CONFIG } from '../tokens';

const FRESH_MS = 5000;
const LIMIT_MS = 4000;

/** What an archiver has done, and what the tables say there is to do. */
@Injectable()
export class ArchiverMetrics {
  private readonly figures: SharedAnswer<ArchiveFigures>;

  constructor(
    @Inject(ARCHIVER_CONFIG) config: ArchiverConfig,
    state: ArchiveState,
    private readonly archive: ArchiveWork,
    private readonly erasures: ErasureWork,
  ) {
    const { afterDays } = config;
    const read = (): Promise<ArchiveFigures> => state.read(boundaryOf(config, new Date()), afterDays);
    this.figures = new SharedAnswer(read, { freshMs: FRESH_MS, limitMs: LIMIT_MS });
  }

  set(): MetricSet {
    const { totals } = this.archive;
    return new MetricSet()
      .add(archiverMetrics.archived, () => totals.events)
      .add(archiverMetrics.segmentsWritten, () => totals.segments)
      .add(archiverMetrics.seconds, () => totals.seconds)
      .add(archiverMetrics.failures, () => totals.failures)
      .add(archiverMetrics.erasureFailures, () => this.erasures.failures)
      .add(archiverMetrics.coldEvents, () => this.figure(({ events }) => events))
      .add(archiverMetrics.coldSegments, () => this.figure(({ segments }) => segments))
      .add(archiverMetrics.coldBytes, () => this.figure(({ bytes }) => bytes))
      .add(archiverMetrics.overdue, () => this.figure(overdueSeconds))
      .add(archiverMetrics.erasuresWaiting, () => this.figure(({ erasuresWaiting }) => erasuresWaiting));
  }

  /** As of now, or the last that was known while PostgreSQL is away. */
  private async figure(of: (figures: ArchiveFigures) => number): Promise<number | undefined> {
    const figures = await this.figures.get().catch(() => this.figures.last);
    return figures === undefined ? undefined : of(figures);
  }
}

function overdueSeconds({ dueSince }: ArchiveFigures): number {
  return dueSince === undefined ? 0 : Math.max(0, (Date.now() - dueSince) / 1000);
}
