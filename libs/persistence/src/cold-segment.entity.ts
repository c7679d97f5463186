import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/**
 * One file of the cold tier, sorted by project, time and id. States: `writing` (in no list; its file may be anything) →
 * `committed` (its events are in the file and nowhere else) → `superseded` (others have its events; the file stays for
 * as long as a reader may still be in it). Columns that may be null are known from `committed` on.
 */
@Entity('cold_segments')
@Unique('cold_segments_file_key', ['file'])
@Check('cold_segments_state_check', `state IN ('writing', 'committed', 'superseded')`)
@Check('cold_segments_content_check', `state = 'writing' OR (committed_at IS NOT NULL AND …)`)
@Check('cold_segments_superseded_check', `(state = 'superseded') = (superseded_at IS NOT NULL)`)
export class ColdSegment {
  /** Text, as the driver gives a bigint. */
  @PrimaryColumn({ type: 'bigint', generated: 'identity', generatedIdentity: 'ALWAYS' })
  id!: string;

  /** Token of the run that writes it: no other one may commit it. */
  @Column({ type: 'uuid' })
  owner!: string;

  @Column({ type: 'text', collation: 'C', default: 'writing' })
  state!: 'writing' | 'committed' | 'superseded';

  /** Name within the storage. */
  @Column({ type: 'text', collation: 'C' })
  file!: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'committed_at', type: 'timestamptz', nullable: true })
  committedAt!: Date | null;

  @Column({ name: 'superseded_at', type: 'timestamptz', nullable: true })
  supersededAt!: Date | null;

  @Column({ name: 'min_project_id', type: 'integer', nullable: true })
  minProjectId!: number | null;

  @Column({ name: 'max_project_id', type: 'integer', nullable: true })
  maxProjectId!: number | null;

  @Column({ name: 'min_occurred_at', type: 'timestamptz', nullable: true })
  minOccurredAt!: Date | null;

  @Column({ name: 'max_occurred_at', type: 'timestamptz', nullable: true })
  maxOccurredAt!: Date | null;

  @Column({ name: 'min_event_id', type: 'uuid', nullable: true })
  minEventId!: string | null;

  @Column({ name: 'max_event_id', type: 'uuid', nullable: true })
  maxEventId!: string | null;

  @Column({ name: 'row_count', type: 'bigint', nullable: true })
  rowCount!: string | null;

  /** Of the file. */
  @Column({ name: 'byte_count', type: 'bigint', nullable: true })
  byteCount!: string | null;

  @Column({ name: 'amount_sum', type: 'numeric', nullable: true })
  amountSum!: string | null;

  /** XOR of all event ids. */
  @Column({ name: 'id_checksum', type: 'bytea', nullable: true })
  idChecksum!: Buffer | null;

  /** SHA-256. */
  @Column({ name: 'file_checksum', type: 'bytea', nullable: true })
  fileChecksum!: Buffer | null;
}
