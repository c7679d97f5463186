/** What a member is seen to do at one moment. */
export interface ProgressSample {
  /**
   * Partitions of which records wait, with the next offset that the group has not committed. Only those that nothing
   * outside keeps from moving: the log and PostgreSQL answer, and nobody must act first.
   */
  readonly waiting: ReadonlyMap<number, number>;
}

interface Watched {
  readonly next: number;
  readonly idleMs: number;
}

/**
 * Finds a member that should work and does not: it heart-beats and hangs, with all its partitions or with one. Only what
 * was observed counts, so an outage, an idle hour, or a stopped machine does not look like one. Times in which a sample
 * could not be taken neither count nor forgive.
 */
export class ProgressWatchdog {
  private partitions: ReadonlyMap<number, Watched> = new Map();
  private seenAt: number | undefined;

  /**
   * @param limitMs that a partition may stand still, while it must move, until the member is stuck.
   * @param intervalMs between two samples; a longer gap is time in which nobody could see, and counts as twice this.
   */
  constructor(
    private readonly limitMs: number,
    private readonly intervalMs: number,
  ) {}

  get stuck(): boolean {
    return [...this.partitions.values()].some(({ idleMs }) => idleMs >= this.limitMs);
  }

  /** @param now milliseconds of any clock that does not jump. */
  observe({ waiting }: ProgressSample, now: number): void {
    const elapsed = Math.min(now - (this.seenAt ?? now), 2 * this.intervalMs);
    const seen = [...waiting].map(([partition, next]): [number, Watched] => {
      const before = this.partitions.get(partition);
      return [partition, { next, idleMs: before?.next === next ? before.idleMs + elapsed : 0 }];
    });
    this.partitions = new Map(seen);
    this.seenAt = now;
  }
}
