import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How many names of a day have a row of their own. Locked by who brings a new name. */
@Entity('day_names')
export class DayNames {
  @PrimaryColumn({ name: 'project_id', type: 'integer' })
  projectId!: number;

  @PrimaryColumn({ type: 'date' })
  day!: string;

  @Column({ type: 'integer' })
  names!: number;
}
