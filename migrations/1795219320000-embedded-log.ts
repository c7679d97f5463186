import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The log without Kafka: records, heads of partitions, members of groups and what they have committed. */
export class EmbeddedLog1795219320000 implements MigrationInterface {
  readonly name = 'EmbeddedLog1795219320000';

  async up(runner: QueryRunner): Promise<void> {
    // `next_offset` changes with every publish: room in the page keeps those updates off the index, and the tables that
    // are all updates are cleaned by count, since a share of a dozen rows is never reached.
    await runner.query(`
      CREATE TABLE log_partitions (
        topic text COLLATE "C" NOT NULL,
        partition integer NOT NULL,
        next_offset bigint NOT NULL DEFAULT 0,
        CONSTRAINT log_partitions_pkey PRIMARY KEY (topic, partition)
      ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)`);
    // Records are deleted in long runs at the old end; a fifth of the table, the usual share, would be too late to use
    // the room again.
    await runner.query(`
      CREATE TABLE log_records (
        topic text COLLATE "C" NOT NULL,
        partition integer NOT NULL,
        "offset" bigint NOT NULL,
        key bytea,
        value bytea,
        headers bytea NOT NULL DEFAULT '',
        published_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT log_records_pkey PRIMARY KEY (topic, partition, "offset")
      ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 10000,
        toast.autovacuum_vacuum_scale_factor = 0.02, toast.autovacuum_vacuum_threshold = 10000)`);
    // Written once, read once, gone in days: compression would cost more than it saves.
    await runner.query('ALTER TABLE log_records ALTER COLUMN value SET STORAGE EXTERNAL');
    await runner.query(`
      CREATE TABLE log_members (
        group_name text COLLATE "C" NOT NULL,
        topic text COLLATE "C" NOT NULL,
        member_id uuid NOT NULL,
        partitions integer[] NOT NULL,
        heartbeat_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT log_members_pkey PRIMARY KEY (group_name, topic, member_id)
      ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)`);
    await runner.query(`
      CREATE TABLE log_commits (
        group_name text COLLATE "C" NOT NULL,
        topic text COLLATE "C" NOT NULL,
        partition integer NOT NULL,
        next_offset bigint NOT NULL,
        CONSTRAINT log_commits_pkey PRIMARY KEY (group_name, topic, partition)
      ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE log_commits');
    await runner.query('DROP TABLE log_members');
    await runner.query('DROP TABLE log_records');
    await runner.query('DROP TABLE log_partitions');
  }
}
