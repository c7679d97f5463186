import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { ArchiveStoppedError, boundaryOf, ColdTier, type Archiver, type ArchiveOptions } from '@app/archive';
import type { ArchiverConfig } from '@app/config';
import { EventPartitions, StoreUnavailableError } from '@app/persistence';
import { ARCHIVER_CONFIG } from './tokens';

const FIRST_RETRY_MS = 1000;

/** What this process has moved. */
export interface ArchiveTotals {
  readonly events: number;
  readonly segments: number;
  readonly seconds: number;
  readonly failures: number;
}

/** Moves old events when it is time to, and drops the partitions that are empty since the run before. */
@Injectable()
export class ArchiveWork {
  readonly totals: { -readonly [K in keyof ArchiveTotals]: ArchiveTotals[K] } = {
    events: 0,
    segments: 0,
    seconds: 0,
    failures: 0,
  };
  private readonly archiver: Archiver;
  private dueAt = 0;
  private retryMs = FIRST_RETRY_MS;

  constructor(
    @Inject(ARCHIVER_CONFIG) private readonly config: ArchiverConfig,
    tier: ColdTier,
    private readonly partitions: EventPartitions,
    private readonly logger: PinoLogger,
  ) {
    this.archiver = tier.archiver(config.postgres);
  }

  get isDue(): boolean {
    return performance.now() >= this.dueAt;
  }

  /** One run. What fails is logged and tried again, later each time, at the latest after the usual pause. */
  async run(hooks: Pick<ArchiveOptions, 'onStep' | 'between' | 'signal'>): Promise<void> {
    try {
      const boundary = boundaryOf(this.config, new Date());
      await this.dropEmptyPartitions(boundary);
      await this.move({ ...hooks, boundary });
      this.retryMs = FIRST_RETRY_MS;
      this.dueAt = performance.now() + this.config.intervalMs;
    } catch (error) {
      if (error instanceof ArchiveStoppedError) return;
      this.fail(error);
    }
  }

  private async dropEmptyPartitions(boundary: Date): Promise<void> {
    // Before anything is moved: who may still look for rows that the last run has moved is long done.
    const { dropped, deferred } = await this.partitions.dropEmpty(new Date(), boundary);
    if (dropped.length > 0) this.logger.info({ dropped }, 'Days whose events are all archived have no partition now.');
    if (deferred.length > 0) this.logger.debug({ deferred }, 'Empty partitions are in use; the next run tries again.');
  }

  private async move(options: ArchiveOptions): Promise<void> {
    const startedAt = performance.now();
    const before = { ...this.totals };
    const onMoved = (rows: number): void => {
      this.totals.segments += 1;
      this.totals.events += rows;
    };
    try {
      await this.archiver.run({ ...options, onMoved });
    } finally {
      this.totals.seconds += (performance.now() - startedAt) / 1000;
      this.tell(before, options.boundary);
    }
  }

  private tell(before: ArchiveTotals, boundary: Date): void {
    const events = this.totals.events - before.events;
    if (events === 0) return;
    const seconds = Math.round((this.totals.seconds - before.seconds) * 10) / 10;
    const segments = this.totals.segments - before.segments;
    this.logger.info({ events, segments, boundary, seconds }, 'Old events are archived.');
  }

  private fail(error: unknown): void {
    this.totals.failures += 1;
    const retryMs = Math.min(this.retryMs * (0.5 + Math.random()), this.config.intervalMs);
    this.dueAt = performance.now() + retryMs;
    this.retryMs = Math.min(this.retryMs * 2, this.config.intervalMs);
    const about = { error, retry_ms: Math.round(retryMs) };
    // PostgreSQL comes back by itself; a disk that is full, or a file that differs, is somebody's to look at.
    if (error instanceof StoreUnavailableError)
      this.logger.warn(about, 'Old events could not be archived; it is tried again.');
    else this.logger.error(about, 'Old events could not be archived and stay where they are; it is tried again.');
  }
}
