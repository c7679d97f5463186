import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** How far a group has stored one partition, and what became of each offset. Bigints are text, as the driver gives them. */
@Entity('consumer_positions')
@Check('consumer_positions_count_check', 'stored + duplicate + dead + erased <= next_offset - counted_from')
export class ConsumerPosition {
  @PrimaryColumn({ name: 'group_name', type: 'text', collation: 'C' })
  group!: string;

  @PrimaryColumn({ type: 'text', collation: 'C' })
  topic!: string;

  @PrimaryColumn({ type: 'integer' })
  partition!: number;

  @Column({ name: 'counted_from', type: 'bigint' })
  firstOffset!: string;

  @Column({ name: 'next_offset', type: 'bigint' })
  nextOffset!: string;

  @Column({ type: 'bigint', default: 0 })
  stored!: string;

  @Column({ type: 'bigint', default: 0 })
  duplicate!: string;

  @Column({ type: 'bigint', default: 0 })
  dead!: string;

  @Column({ type: 'bigint', default: 0 })
  erased!: string;
}
