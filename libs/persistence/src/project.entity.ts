import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** A tenant: the owner of keys and events. */
@Entity('projects')
@Unique('projects_name_key', ['name'])
@Check('projects_retention_days_check', `retention_days BETWEEN 7 AND 36500`)
export class Project {
  @PrimaryColumn({ type: 'integer', generated: 'identity', generatedIdentity: 'BY DEFAULT' })
  id!: number;

  @Column({ type: 'text', collation: 'C' })
  name!: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  /** Events of the archive that are older than so many days are dropped; null: never. */
  @Column({ name: 'retention_days', type: 'integer', nullable: true })
  retentionDays!: number | null;

  /** Some events before this day were dropped, though their numbers are still counted. */
  @Column({ name: 'events_from', type: 'date', nullable: true })
  eventsFrom!: string | null;
}
