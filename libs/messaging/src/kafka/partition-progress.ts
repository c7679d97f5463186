interface Progress {
  /** Offset that the next published record gets, as of the last fetch. */
  logEnd: number;
  /** First offset that is not committed by this member. */
  next: number;
}

/** How far one member is on each partition that it has now. */
export class PartitionProgress {
  private partitions = new Map<number, Progress | undefined>();

  get assigned(): number[] {
    return [...this.partitions.keys()].sort((a, b) => a - b);
  }

  /** What a partition that stays with the member is known to be at is kept. */
  assign(partitions: readonly number[]): void {
    this.partitions = new Map(partitions.map((partition) => [partition, this.partitions.get(partition)]));
  }

  fetched(partition: number, firstOffset: number, logEnd: number): void {
    if (this.partitions.has(partition)) this.partitions.set(partition, { logEnd, next: firstOffset });
  }

  committed(partition: number, next: number): void {
    const progress = this.partitions.get(partition);
    if (progress !== undefined) progress.next = next;
  }
}
