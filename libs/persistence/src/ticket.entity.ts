import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { ApiKey } from './api-key.entity';

/** Stands in for a key once, where a browser can send no header. Kept by its hash. */
@Entity('tickets')
@Index('tickets_key_idx', ['keyId'])
export class Ticket {
  @PrimaryColumn({ type: 'bytea' })
  hash!: Buffer;

  @Column({ name: 'key_id', type: 'text', collation: 'C' })
  keyId!: string;

  @ManyToOne(() => ApiKey)
  @JoinColumn({ name: 'key_id', foreignKeyConstraintName: 'tickets_key_id_fkey' })
  key?: ApiKey;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;
}
