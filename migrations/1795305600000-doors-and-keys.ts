import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What more doors, waiting for the store, tracing, dead letters to work with and tickets need. */
export class DoorsAndKeys1795305600000 implements MigrationInterface {
  readonly name = 'DoorsAndKeys1795305600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE dead_letters
        ADD COLUMN event_id uuid,
        ADD COLUMN ingest_id uuid,
        ADD COLUMN resolved_at timestamptz,
        DROP CONSTRAINT dead_letters_stage_check,
        ADD CONSTRAINT dead_letters_stage_check CHECK (stage IN ('accept', 'decode', 'store'))`);
    await runner.query(`
      CREATE INDEX dead_letters_event_idx ON dead_letters (project_id, event_id) WHERE event_id IS NOT NULL`);
    await runner.query('CREATE INDEX dead_letters_project_idx ON dead_letters (project_id, id)');
    await runner.query(`CREATE INDEX dead_letters_open_idx ON dead_letters (project_id, id) WHERE status = 'open'`);
    await runner.query('CREATE INDEX api_keys_project_idx ON api_keys (project_id, id)');
    await runner.query(`
      CREATE TABLE tickets (
        hash bytea NOT NULL,
        key_id text COLLATE "C" NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT tickets_pkey PRIMARY KEY (hash),
        CONSTRAINT tickets_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_keys (id)
      )`);
    await runner.query('CREATE INDEX tickets_key_idx ON tickets (key_id)');
    // Last: it locks out whoever stores events, and they must not wait for the indexes above.
    // Null for all that nobody waits for: eight columns fit into the tuple header as seven do, so it costs no byte.
    await runner.query('ALTER TABLE event_ids ADD COLUMN ingest_id uuid');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE tickets');
    await runner.query('DROP INDEX IF EXISTS api_keys_project_idx');
    await runner.query('DROP INDEX IF EXISTS dead_letters_open_idx');
    await runner.query('DROP INDEX IF EXISTS dead_letters_project_idx');
    await runner.query('DROP INDEX IF EXISTS dead_letters_event_idx');
    // The older schema does not know this stage. Their headers still say that a door has refused them.
    await runner.query(`UPDATE dead_letters SET stage = 'decode' WHERE stage = 'accept'`);
    await runner.query(`
      ALTER TABLE dead_letters
        DROP CONSTRAINT dead_letters_stage_check,
        ADD CONSTRAINT dead_letters_stage_check CHECK (stage IN ('decode', 'store')),
        DROP COLUMN resolved_at,
        DROP COLUMN ingest_id,
        DROP COLUMN event_id`);
    await runner.query('ALTER TABLE event_ids DROP COLUMN ingest_id');
  }
}
