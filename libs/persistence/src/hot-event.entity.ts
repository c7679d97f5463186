import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** An event of the hot tier. Partitioned by day of `occurred_at`, which TypeORM need not know. */
@Entity('events')
// Over expressions, which TypeORM cannot say.
@Index('events_name_idx', { synchronize: false })
@Index('events_user_idx', { synchronize: false })
@Index('events_source_idx', { synchronize: false })
export class HotEvent {
  @PrimaryColumn({ name: 'project_id', type: 'integer' })
  projectId!: number;

  @PrimaryColumn({ name: 'occurred_at', type: 'timestamptz' })
  occurredAt!: Date;

  @PrimaryColumn({ name: 'event_id', type: 'uuid' })
  eventId!: string;

  @Column({ name: 'received_at', type: 'timestamptz' })
  receivedAt!: Date;

  @Column({ name: 'stored_at', type: 'timestamptz', default: () => 'now()' })
  storedAt!: Date;

  @Column({ type: 'text', collation: 'C' })
  name!: string;

  @Column({ type: 'text', collation: 'C', nullable: true })
  source!: string | null;

  @Column({ name: 'user_id', type: 'text', collation: 'C', nullable: true })
  userId!: string | null;

  /** Text, as the driver gives a decimal. */
  @Column({ type: 'numeric', nullable: true })
  amount!: string | null;

  @Column({ type: 'jsonb' })
  data!: object;

  @Column({ type: 'jsonb', nullable: true })
  context!: object | null;
}
