import { Entity, PrimaryColumn } from 'typeorm';

/** A user was active on a UTC day. */
@Entity('user_days')
export class UserDay {
  @PrimaryColumn({ name: 'project_id', type: 'integer' })
  projectId!: number;

  @PrimaryColumn({ name: 'user_id', type: 'text', collation: 'C' })
  userId!: string;

  @PrimaryColumn({ type: 'date' })
  day!: string;
}
