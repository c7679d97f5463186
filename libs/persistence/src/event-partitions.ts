import type { Database } from './database';

export interface PartitionsEnsured {
  /** Days (`2026-11-21`) that have a partition of their own since this call. */
  readonly created: readonly string[];
  /** Days whose events are in the default partition and stay there. */
  readonly inDefault: readonly string[];
  /** Days that could not be had without making inserts wait; the next call tries again. */
  readonly deferred: readonly string[];
}

export class EventPartitions {
  constructor(private readonly database: Database) {}

  async ensure(now: Date): Promise<PartitionsEnsured> {
    await this.database.ping();
    throw new Error(`Not written yet: ${now.toISOString()}`);
  }
}
