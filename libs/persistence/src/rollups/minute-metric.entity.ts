import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The events of one name in one minute of the hot window. */
@Entity('minute_metrics')
export class MinuteMetric {
  @PrimaryColumn({ name: 'project_id', type: 'integer' })
  projectId!: number;

  @PrimaryColumn({ type: 'timestamptz' })
  minute!: Date;

  /** '' for the names beyond the first 1000 of a day. */
  @PrimaryColumn({ type: 'text', collation: 'C' })
  name!: string;

  /** Text, as the driver gives a bigint. */
  @Column({ name: 'event_count', type: 'bigint' })
  eventCount!: string;

  /** Text, as the driver gives a decimal; the exact sum. */
  @Column({ name: 'total_amount', type: 'numeric' })
  totalAmount!: string;
}
