import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** A tenant: the owner of keys and events. */
@Entity('projects')
@Unique('projects_name_key', ['name'])
export class Project {
  @PrimaryColumn({ type: 'integer', generated: 'identity', generatedIdentity: 'BY DEFAULT' })
  id!: number;

  @Column({ type: 'text', collation: 'C' })
  name!: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
