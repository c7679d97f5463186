import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventPublisher } from '@app/messaging';
import { apiMetrics, MetricSet, Vitals } from '@app/observability';
import { BodyBudget } from '../transport/body-budget';
import { IngestService } from './ingest.service';

/** Shows what becomes of events on their way in, and what they hold meanwhile. */
@Injectable()
export class IngestMetrics implements OnModuleInit {
  constructor(
    private readonly vitals: Vitals,
    private readonly ingest: IngestService,
    private readonly publisher: EventPublisher,
    private readonly budget: BodyBudget,
  ) {}

  onModuleInit(): void {
    const { totals } = this.ingest;
    this.vitals.addMetrics(
      new MetricSet()
        .add(apiMetrics.accepted, () => totals.accepted)
        .add(apiMetrics.rejected, () => totals.rejected)
        .add(apiMetrics.unconfirmed, () => totals.unconfirmed)
        .add(apiMetrics.bodyBytes, () => this.budget.heldBytes)
        .add(apiMetrics.queuedEvents, () => this.publisher.status().queuedEvents)
        .add(apiMetrics.queuedBytes, () => this.publisher.status().queuedBytes)
        .add(apiMetrics.breakerOpen, () => Number(this.publisher.status().refusing)),
    );
  }
}
