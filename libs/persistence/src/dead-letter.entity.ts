import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** A record of the log that could not become an event, as it came. */
@Entity('dead_letters')
@Unique('dead_letters_place_key', ['topic', 'partition', 'offset'])
@Check('dead_letters_stage_check', `stage IN ('decode', 'store')`)
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
  stage!: 'decode' | 'store';

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
}
