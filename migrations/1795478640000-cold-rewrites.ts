import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An erasure waits for files that are replaced already; a project drops events that are older than it wants to keep. */
export class ColdRewrites1795478640000 implements MigrationInterface {
  readonly name = 'ColdRewrites1795478640000';

  /** `events_from` is raised with the first event that is dropped: from that day on all are there. */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE erasures ADD COLUMN resume_at timestamptz');
    await runner.query('ALTER TABLE projects ADD COLUMN retention_days integer, ADD COLUMN events_from date');
    await runner.query(
      'ALTER TABLE projects ADD CONSTRAINT projects_retention_days_check CHECK (retention_days BETWEEN 7 AND 36500)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE projects DROP COLUMN retention_days, DROP COLUMN events_from');
    await runner.query('ALTER TABLE erasures DROP COLUMN resume_at');
  }
}
