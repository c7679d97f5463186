import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The manifest of the cold tier: which files there are, and what is in them. */
export class ColdSegments1795478400000 implements MigrationInterface {
  readonly name = 'ColdSegments1795478400000';

  /** A segment that is being written has its name and its owner only: what would be in it is not known before. */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE cold_segments (
        id bigint GENERATED ALWAYS AS IDENTITY,
        owner uuid NOT NULL,
        state text COLLATE "C" NOT NULL DEFAULT 'writing',
        file text COLLATE "C" NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        committed_at timestamptz,
        superseded_at timestamptz,
        min_project_id integer,
        max_project_id integer,
        min_occurred_at timestamptz,
        max_occurred_at timestamptz,
        min_event_id uuid,
        max_event_id uuid,
        row_count bigint,
        byte_count bigint,
        amount_sum numeric,
        id_checksum bytea,
        file_checksum bytea,
        CONSTRAINT cold_segments_pkey PRIMARY KEY (id),
        CONSTRAINT cold_segments_file_key UNIQUE (file),
        CONSTRAINT cold_segments_state_check CHECK (state IN ('writing', 'committed', 'superseded')),
        CONSTRAINT cold_segments_content_check CHECK (state = 'writing' OR (committed_at IS NOT NULL
          AND min_project_id <= max_project_id AND min_occurred_at <= max_occurred_at AND min_event_id <= max_event_id
          AND row_count > 0 AND byte_count > 0 AND amount_sum IS NOT NULL
          AND octet_length(id_checksum) = 16 AND octet_length(file_checksum) = 32)),
        CONSTRAINT cold_segments_superseded_check CHECK ((state = 'superseded') = (superseded_at IS NOT NULL))
      )`);
    // Names of files begin with it: two databases that were given one folder leave each other's files alone.
    await runner.query(`
      CREATE TABLE cold_store (
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        CONSTRAINT cold_store_pkey PRIMARY KEY (id)
      )`);
    await runner.query('INSERT INTO cold_store DEFAULT VALUES');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE cold_store');
    await runner.query('DROP TABLE cold_segments');
  }
}
