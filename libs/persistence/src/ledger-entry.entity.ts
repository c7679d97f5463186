import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One id that was ever stored, and the way from it to its row. Never deleted. */
@Entity('event_ids')
export class LedgerEntry {
  @PrimaryColumn({ name: 'project_id', type: 'integer' })
  projectId!: number;

  @PrimaryColumn({ name: 'event_id', type: 'uuid' })
  eventId!: string;

  @Column({ name: 'occurred_at', type: 'timestamptz' })
  occurredAt!: Date;

  @Column({ type: 'integer' })
  partition!: number;

  /** Text, as the driver gives a bigint. */
  @Column({ type: 'bigint' })
  offset!: string;

  /** How often the same id came again. */
  @Column({ type: 'integer', default: 0 })
  duplicates!: number;

  /** 0: the event is in `events`; 2: it was erased. */
  @Column({ type: 'smallint', default: 0 })
  state!: number;

  /** The request that waited for this row; null when none did. */
  @Column({ name: 'ingest_id', type: 'uuid', nullable: true })
  ingestId!: string | null;
}
