import { Injectable } from '@nestjs/common';
import { EventConsumer, LogProbe, type Backlog } from '@app/messaging';
import { SharedAnswer } from '@app/observability';

const FRESH_MS = 1000;
const LIMIT_MS = 4000;

/** What waits on the log for this member's group, as the log itself says. */
@Injectable()
export class GroupBacklog {
  private readonly answer: SharedAnswer<Backlog>;

  constructor(
    private readonly consumer: EventConsumer,
    probe: LogProbe,
  ) {
    this.answer = new SharedAnswer(() => probe.backlog(), { freshMs: FRESH_MS, limitMs: LIMIT_MS });
  }

  /** As of now, or the last that was known when the log does not answer; undefined when nothing is known yet. */
  async latest(): Promise<Backlog | undefined> {
    return this.answer.get().catch(() => this.answer.last);
  }

  /** @throws when the log does not answer. */
  current(): Promise<Backlog> {
    return this.answer.get();
  }

  /** Records of each assigned partition that the group has not committed. */
  lagOf(backlog: Backlog): Map<number, number> {
    const lag = new Map<number, number>();
    for (const partition of this.consumer.status().assigned) {
      const { logEnd, next } = backlog.partitions.get(partition) ?? { logEnd: 0, next: 0 };
      lag.set(partition, Math.max(0, logEnd - next));
    }
    return lag;
  }
}
