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
  readonly eventId: string | undefined;
  readonly ingestId: string | undefined;
  readonly resolvedAt: Date | undefined;
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
  const { eventId, ingestId, resolvedAt, headers, offset, ...rest } = letter;
  return {
    ...rest,
    offset: Number(offset),
    headers: fromHeadersColumn(headers),
    eventId: eventId ?? undefined,
    ingestId: ingestId ?? undefined,
    resolvedAt: resolvedAt ?? undefined,
  };
}
