import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/** A record of the log that could not become an event, as it came. */
@Entity('dead_letters')
@Unique('dead_letters_place_key', ['topic', 'partition', 'offset'])
@Check('dead_letters_stage_check', `stage IN ('accept', 'decode', 'store')`)
@Index('dead_letters_event_idx', ['projectId', 'eventId'], { where: 'event_id IS NOT NULL' })
@Index('dead_letters_project_idx', ['projectId', 'id'])
@Index('dead_letters_open_idx', ['projectId', 'id'], { where: `status = 'open'` })
/** Of the keys' hashes, in `default`. */
@Index('dead_letters_key_idx', { synchronize: false })
@Check('dead_letters_status_check', `status IN ('open', 'replayed', 'discarded')`)
export class DeadLetter {
  /** Text, as the driver gives a bigint. */
  @PrimaryColumn({ type: 'bigint', generated: 'identity', generatedIdentity: 'BY DEFAULT' })
  id!: string;

  @Column({ name: 'project_id', type: 'integer' })
  projectId!: number;

  @Column({ type: 'text', collation: 'C' })
  topic!: string;

  @Column({ type: 'integer' })
  partition!: number;

  @Column({ type: 'bigint' })
  offset!: string;

  @Column({ type: 'bytea', nullable: true })
  key!: Buffer | null;

  @Column({ type: 'bytea', nullable: true })
  value!: Buffer | null;

  /** Name → values in base64, in the order in which they came. */
  @Column({ type: 'jsonb' })
  headers!: object;

  @Column({ type: 'text', collation: 'C' })
  stage!: 'accept' | 'decode' | 'store';

  @Column({ type: 'text', collation: 'C' })
  reason!: string;

  @Column({ type: 'text' })
  detail!: string;

  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  @Column({ type: 'text', collation: 'C', default: 'open' })
  status!: 'open' | 'replayed' | 'discarded';

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  /** The id of the event that it would have been, where that can be told. */
  @Column({ name: 'event_id', type: 'uuid', nullable: true })
  eventId!: string | null;

  /** The request that waits to hear what became of it; null when none does. */
  @Column({ name: 'ingest_id', type: 'uuid', nullable: true })
  ingestId!: string | null;

  /** When it was replayed or discarded. */
  @Column({ name: 'resolved_at', type: 'timestamptz', nullable: true })
  resolvedAt!: Date | null;
}
