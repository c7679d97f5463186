import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One request to erase a user. Kept for ever: the hash is what later events are refused by. Bigints are text. */
@Entity('erasures')
@Index('erasures_user_idx', ['projectId', 'userHash', 'before'])
@Index('erasures_open_idx', ['requestedAt', 'id'], { where: `status IN ('queued', 'running')` })
@Check('erasures_status_check', `status IN ('queued', 'running', 'done', 'failed')`)
@Check('erasures_user_check', `(user_id IS NULL) = (status IN ('done', 'failed'))`)
export class Erasure {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  /** What was received before it is removed and refused. */
  @Column({ type: 'timestamptz' })
  before!: Date;

  @Column({ name: 'requested_at', type: 'timestamptz', default: () => 'now()' })
  requestedAt!: Date;

  @Column({ name: 'finished_at', type: 'timestamptz', nullable: true })
  finishedAt!: Date | null;

  @Column({ name: 'removed_hot', type: 'bigint', default: 0 })
  removedHot!: string;

  @Column({ name: 'removed_cold', type: 'bigint', default: 0 })
  removedCold!: string;

  @Column({ name: 'removed_dead_letters', type: 'bigint', default: 0 })
  removedDeadLetters!: string;

  @Column({ name: 'removed_user_days', type: 'bigint', default: 0 })
  removedUserDays!: string;

  /** Dead letters up to this id were looked at. */
  @Column({ name: 'letters_through', type: 'bigint', default: 0 })
  lettersThrough!: string;

  /** Events of the user in PostgreSQL up to this place were looked at; null until it begins, and when it is over. */
  @Column({ name: 'hot_through_at', type: 'timestamptz', nullable: true })
  hotThroughAt!: Date | null;

  @Column({ name: 'hot_through_id', type: 'uuid', nullable: true })
  hotThroughId!: string | null;

  @Column({ name: 'project_id', type: 'integer' })
  projectId!: number;

  @Column({ type: 'text', collation: 'C', default: 'queued' })
  status!: 'queued' | 'running' | 'done' | 'failed';

  @Column({ name: 'user_hash', type: 'bytea' })
  userHash!: Buffer;

  /** Only until it is done. */
  @Column({ name: 'user_id', type: 'text', collation: 'C', nullable: true })
  userId!: string | null;

  /** Nothing is to be done before: what a reader may still have open is to go then, or what did not work is tried again. */
  @Column({ name: 'resume_at', type: 'timestamptz', nullable: true })
  resumeAt!: Date | null;
}
