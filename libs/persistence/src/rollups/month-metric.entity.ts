import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The sum of the days of one month, so that a century is few rows. */
@Entity('month_metrics')
export class MonthMetric {
  @PrimaryColumn({ name: 'project_id', type: 'integer' })
  projectId!: number;

  /** The first day of the month. */
  @PrimaryColumn({ type: 'date' })
  month!: string;

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
