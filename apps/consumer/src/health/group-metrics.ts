import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventConsumer } from '@app/messaging';
import { consumerMetrics, MetricSet, SharedAnswer, Vitals, type Sample } from '@app/observability';
import { ConsumerPositions, unaccountedOf } from '@app/persistence';
import { GroupBacklog } from './group-backlog';

const FRESH_MS = 1000;
const LIMIT_MS = 2000;

/**
 * What this member has of its group's work, and how far that is. When the log or PostgreSQL does not answer, the last
 * that was known is shown: `log_up` and `database_up` say so.
 */
@Injectable()
export class GroupMetrics implements OnModuleInit {
  private readonly unaccounted: SharedAnswer<number>;

  constructor(
    private readonly vitals: Vitals,
    private readonly consumer: EventConsumer,
    private readonly backlog: GroupBacklog,
    private readonly positions: ConsumerPositions,
  ) {
    this.unaccounted = new SharedAnswer(() => this.countUnaccounted(), { freshMs: FRESH_MS, limitMs: LIMIT_MS });
  }

  onModuleInit(): void {
    const { consumer } = this;
    this.vitals.addMetrics(
      new MetricSet()
        .add(consumerMetrics.lag, () => this.lag())
        .add(consumerMetrics.oldestUnread, () => this.oldestUnreadSeconds())
        .add(consumerMetrics.retentionAlarm, () => this.retentionAlarm())
        .add(consumerMetrics.assigned, () => consumer.status().assigned.length)
        .add(consumerMetrics.paused, () => consumer.status().paused.length)
        .add(consumerMetrics.held, () => consumer.status().held.length)
        .add(consumerMetrics.unaccounted, () => this.unaccounted.get().catch(() => this.unaccounted.last)),
    );
  }

  private async lag(): Promise<Sample[] | undefined> {
    const backlog = await this.backlog.latest();
    if (backlog === undefined) return undefined;
    return [...this.backlog.lagOf(backlog)].map(([partition, value]) => ({ labels: { partition }, value }));
  }

  private async oldestUnreadSeconds(): Promise<number | undefined> {
    const backlog = await this.backlog.latest();
    return backlog === undefined ? undefined : backlog.oldestUnreadMs / 1000;
  }

  private async retentionAlarm(): Promise<number | undefined> {
    const backlog = await this.backlog.latest();
    if (backlog === undefined) return undefined;
    const { oldestUnreadMs, retentionMs = Infinity } = backlog;
    return Number(oldestUnreadMs >= retentionMs / 3);
  }

  private async countUnaccounted(): Promise<number> {
    const all = await this.positions.list();
    const own = all.filter(({ group }) => group === this.consumer.group);
    return own.reduce((sum, position) => sum + unaccountedOf(position), 0);
  }
}
