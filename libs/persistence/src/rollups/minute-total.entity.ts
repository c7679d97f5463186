import { Column, Entity, PrimaryColumn } from 'typeorm';

/** All events of a project in one minute of the hot window. */
@Entity('minute_totals')
export class MinuteTotal {
  @PrimaryColumn({ name: 'project_id', type: 'integer' })
  projectId!: number;

  @PrimaryColumn({ type: 'timestamptz' })
  minute!: Date;

  /** Text, as the driver gives a bigint. */
  @Column({ name: 'event_count', type: 'bigint' })
  eventCount!: string;

  /** Text, as the driver gives a decimal; the exact sum. */
  @Column({ name: 'total_amount', type: 'numeric' })
  totalAmount!: string;
}
