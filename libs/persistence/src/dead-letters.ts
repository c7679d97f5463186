import type { Database } from './database';
import { DeadLetter } from './dead-letter.entity';
import { fromHeadersColumn } from './record-headers.mapping';

/** A record that could not become an event, with everything that it was. */
export interface StoredDeadLetter {
  readonly id: string;
  readonly projectId: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, readonly Buffer[]>>;
  readonly stage: 'accept' | 'decode' | 'store';
  readonly reason: string;
  readonly detail: string;
  readonly attempts: number;
  readonly status: 'open' | 'replayed' | 'discarded';
  readonly createdAt: Date;
}

/** Reads the dead letters of all projects; they are written by `EventStore.insert`. */
export class DeadLetters {
  constructor(private readonly database: Database) {}

  /** Oldest first. */
  async list(limit: number): Promise<StoredDeadLetter[]> {
    const found = await this.database.withManager((manager) =>
      manager.find(DeadLetter, { order: { id: 'ASC' }, take: limit }),
    );
    return found.map(fromDeadLetter);
  }

  async count(): Promise<number> {
    return this.database.withManager((manager) => manager.count(DeadLetter));
  }
}

function fromDeadLetter(letter: DeadLetter): StoredDeadLetter {
  const { id, projectId, topic, partition, key, value, stage, reason, detail, attempts, status, createdAt } = letter;
  const headers = fromHeadersColumn(letter.headers);
  const offset = Number(letter.offset);
  return {
    id,
    projectId,
    topic,
    partition,
    offset,
    key,
    value,
    headers,
    stage,
    reason,
    detail,
    attempts,
    status,
    createdAt,
  };
}
