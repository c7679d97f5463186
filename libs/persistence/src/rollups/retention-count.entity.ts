import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** How many users of one day were active again some days later. */
@Entity('retention_counts')
@Check('retention_counts_days_check', 'days_later BETWEEN 1 AND 365')
export class RetentionCount {
  @PrimaryColumn({ name: 'project_id', type: 'integer' })
  projectId!: number;

  @PrimaryColumn({ name: 'start_day', type: 'date' })
  startDay!: string;

  @PrimaryColumn({ name: 'days_later', type: 'smallint' })
  daysLater!: number;

  /** Text, as the driver gives a bigint. */
  @Column({ name: 'active_users', type: 'bigint' })
  activeUsers!: string;

  /** Those whose first day the start day is. */
  @Column({ name: 'new_users', type: 'bigint' })
  newUsers!: string;
}
