import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How many users were active on a UTC day. */
@Entity('day_users')
export class DayUsers {
  @PrimaryColumn({ name: 'project_id', type: 'integer' })
  projectId!: number;

  @PrimaryColumn({ type: 'date' })
  day!: string;

  /** Text, as the driver gives a bigint. */
  @Column({ type: 'bigint' })
  users!: string;

  /** Those whose first day it is. */
  @Column({ name: 'new_users', type: 'bigint' })
  newUsers!: string;
}
