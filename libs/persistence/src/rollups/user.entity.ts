import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Somebody who was ever active, and since when. */
@Entity('users')
export class User {
  @PrimaryColumn({ name: 'project_id', type: 'integer' })
  projectId!: number;

  @PrimaryColumn({ name: 'user_id', type: 'text', collation: 'C' })
  userId!: string;

  @Column({ name: 'first_day', type: 'date' })
  firstDay!: string;
}
