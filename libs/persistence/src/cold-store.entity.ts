import { Entity, PrimaryColumn } from 'typeorm';

/** The one cold tier of this database. */
@Entity('cold_store')
export class ColdStoreIdentity {
  @PrimaryColumn({ type: 'uuid', generated: 'uuid' })
  id!: string;
}
