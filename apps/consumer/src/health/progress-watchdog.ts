/** What a member is seen to do at one moment. */
export interface ProgressSample {
  /** True when nothing outside keeps it from committing: records wait for it, the log and PostgreSQL answer. */
  readonly mustProgress: boolean;
  readonly lastCommitAt: Date | undefined;
}

/**
 * Finds a member that should work and does not: it heart-beats and hangs. Only what was observed counts, so an outage, an
 * idle hour, or a stopped machine does not look like one.
 */
export class ProgressWatchdog {
  private idleMs = 0;
  private seenAt: number | undefined;
  private commitAt: number | undefined;

  /**
   * @param limitMs without a commit, while there must be progress, until it is stuck.
   * @param intervalMs between two samples; a longer gap is time in which nobody could see, and counts as twice this.
   */
  constructor(
    private readonly limitMs: number,
    private readonly intervalMs: number,
  ) {}

  get stuck(): boolean {
    return this.idleMs >= this.limitMs;
  }

  /** @param now milliseconds of any clock that does not jump. */
  observe({ mustProgress, lastCommitAt }: ProgressSample, now: number): void {
    const commitAt = lastCommitAt?.getTime();
    const elapsed = Math.min(now - (this.seenAt ?? now), 2 * this.intervalMs);
    const moved = commitAt !== this.commitAt;
    this.idleMs = mustProgress && !moved ? this.idleMs + elapsed : 0;
    this.seenAt = now;
    this.commitAt = commitAt;
  }
}
