import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** What all erasures share: one row. */
@Entity('erasure_state')
@Check('erasure_state_only_row_check', 'only_row')
export class ErasureState {
  /** Rises with every erasure that begins or ends: whoever remembers anything about them compares it. 0: never one. */
  @Column({ type: 'bigint', default: 0 })
  version!: string;

  @PrimaryColumn({ name: 'only_row', type: 'boolean', default: true })
  onlyRow!: boolean;

  /** Of the hashes of users; made by the migration, never changed. */
  @Column({ name: 'hash_key', type: 'bytea' })
  hashKey!: Buffer;
}
