import { randomBytes } from 'node:crypto';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whose events are to be refused, and how far the work of removing them is. */
export class Erasures1795478520000 implements MigrationInterface {
  readonly name = 'Erasures1795478520000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE erasure_state (
        version bigint NOT NULL DEFAULT 0,
        only_row boolean NOT NULL DEFAULT true,
        hash_key bytea NOT NULL,
        CONSTRAINT erasure_state_pkey PRIMARY KEY (only_row),
        CONSTRAINT erasure_state_only_row_check CHECK (only_row)
      )`);
    await runner.query('INSERT INTO erasure_state (hash_key) VALUES ($1)', [randomBytes(32)]);
    await runner.query(`
      CREATE TABLE erasures (
        id uuid NOT NULL,
        before timestamptz NOT NULL,
        requested_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        removed_hot bigint NOT NULL DEFAULT 0,
        removed_cold bigint NOT NULL DEFAULT 0,
        removed_dead_letters bigint NOT NULL DEFAULT 0,
        removed_user_days bigint NOT NULL DEFAULT 0,
        letters_through bigint NOT NULL DEFAULT 0,
        project_id integer NOT NULL,
        status text COLLATE "C" NOT NULL DEFAULT 'queued',
        user_hash bytea NOT NULL,
        user_id text COLLATE "C",
        CONSTRAINT erasures_pkey PRIMARY KEY (id),
        CONSTRAINT erasures_status_check CHECK (status IN ('queued', 'running', 'done', 'failed')),
        CONSTRAINT erasures_user_check CHECK ((user_id IS NULL) = (status IN ('done', 'failed')))
      )`);
    await runner.query('CREATE INDEX erasures_user_idx ON erasures (project_id, user_hash, before)');
    await runner.query(`
      CREATE INDEX erasures_open_idx ON erasures (requested_at, id) WHERE status IN ('queued', 'running')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE erasures');
    await runner.query('DROP TABLE erasure_state');
  }
}
