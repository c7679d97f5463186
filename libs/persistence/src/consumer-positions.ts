import { ConsumerPosition } from './consumer-position.entity';
import type { Database } from './database';

/** How far a group has come in one partition, and what became of every offset on the way. */
export interface StoredPosition {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: number;
  readonly nextOffset: number;
  readonly stored: number;
  readonly duplicate: number;
  readonly dead: number;
  readonly erased: number;
}

/** Offsets that were passed over without an outcome. Anything but 0 is an event that nobody can account for. */
export function unaccountedOf({ firstOffset, nextOffset, stored, duplicate, dead, erased }: StoredPosition): number {
  return nextOffset - firstOffset - (stored + duplicate + dead + erased);
}

/** Reads the positions; they are advanced by `EventStore.insert`, in the transaction that stores. */
export class ConsumerPositions {
  constructor(private readonly database: Database) {}

  /** All of them, by group, topic and partition. */
  async list(): Promise<StoredPosition[]> {
    const order = { group: 'ASC', topic: 'ASC', partition: 'ASC' } as const;
    const rows = await this.database.withManager((manager) => manager.find(ConsumerPosition, { order }));
    return rows.map((row) => ({
      group: row.group,
      topic: row.topic,
      partition: row.partition,
      firstOffset: Number(row.firstOffset),
      nextOffset: Number(row.nextOffset),
      stored: Number(row.stored),
      duplicate: Number(row.duplicate),
      dead: Number(row.dead),
      erased: Number(row.erased),
    }));
  }
}
