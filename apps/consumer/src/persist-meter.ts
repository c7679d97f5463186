import { performance } from 'node:perf_hooks';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { BatchHandler } from '@app/messaging';
import { consumerMetrics, DurationHistogram, MetricSet, Vitals } from '@app/observability';
import { PersistEventsHandler } from './persist-events.handler';

/** The handler with a watch beside it. */
@Injectable()
export class PersistMeter implements OnModuleInit {
  private readonly durations = new DurationHistogram();
  private failures = 0;

  constructor(
    private readonly vitals: Vitals,
    private readonly handler: PersistEventsHandler,
  ) {}

  readonly handle: BatchHandler = async (batches) => {
    const startedAt = performance.now();
    try {
      const held = await this.handler.handle(batches);
      this.durations.observe(performance.now() - startedAt);
      return held;
    } catch (error) {
      this.failures += 1;
      throw error;
    }
  };

  onModuleInit(): void {
    const { totals } = this.handler;
    const metrics = new MetricSet()
      .add(consumerMetrics.persisted, () => totals.stored)
      .add(consumerMetrics.duplicate, () => totals.duplicates)
      .add(consumerMetrics.deadLettered, () => totals.deadLettered)
      .add(consumerMetrics.erased, () => totals.erased)
      .add(consumerMetrics.replayed, () => totals.replayed)
      .add(consumerMetrics.redelivered, () => totals.redelivered)
      .add(consumerMetrics.batchFailures, () => this.failures)
      .add(consumerMetrics.batchPersist, () => this.durations.samples(consumerMetrics.batchPersist.name));
    this.vitals.addMetrics(metrics);
  }
}
