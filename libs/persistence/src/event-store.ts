import type { Database } from './database';
import type { InsertBatch, InsertResult } from './insert-batch';

export class EventStore {
  constructor(private readonly database: Database) {}

  async insert(batch: InsertBatch): Promise<InsertResult> {
    await this.database.ping();
    throw new Error(`Not written yet: ${batch.topic}`);
  }
}
