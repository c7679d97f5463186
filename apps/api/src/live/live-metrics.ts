import { Injectable, type OnModuleInit } from '@nestjs/common';
import { apiMetrics, MetricSet, Vitals } from '@app/observability';
import { LiveEvents } from './live-events';

/** Shows who follows events, and what it takes. */
@Injectable()
export class LiveMetrics implements OnModuleInit {
  constructor(
    private readonly vitals: Vitals,
    private readonly live: LiveEvents,
  ) {}

  onModuleInit(): void {
    const { live } = this;
    this.vitals.addMetrics(
      new MetricSet()
        .add(apiMetrics.liveSubscribers, () => live.size)
        .add(apiMetrics.liveCatchingUp, () => live.catchingUp)
        .add(apiMetrics.liveSent, () => live.totals.sent)
        .add(apiMetrics.liveDropped, () => [
          { value: live.totals.behind, labels: { reason: 'behind' } },
          { value: live.totals.stalled, labels: { reason: 'stalled' } },
          { value: live.totals.lost, labels: { reason: 'lost' } },
        ])
        .add(apiMetrics.liveRingBytes, () => live.ringBytes),
    );
  }
}
