import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An erasure goes on where it was among the events of its user, and finds letters by their keys. */
export class ErasurePlaces1795478700000 implements MigrationInterface {
  readonly name = 'ErasurePlaces1795478700000';

  /** Hashes, since keys can be longer than an index takes. */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE erasures ADD COLUMN hot_through_at timestamptz, ADD COLUMN hot_through_id uuid');
    await runner.query('CREATE INDEX dead_letters_key_idx ON dead_letters (sha256(key), id) WHERE project_id = 1');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX dead_letters_key_idx');
    await runner.query('ALTER TABLE erasures DROP COLUMN hot_through_at, DROP COLUMN hot_through_id');
  }
}
