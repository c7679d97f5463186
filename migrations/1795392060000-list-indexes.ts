import type { MigrationInterface, QueryRunner } from 'typeorm';

/** One index for each filter of a list: the rows of one value in the order of the list, so that any page is a short run. */
export class ListIndexes1795392060000 implements MigrationInterface {
  readonly name = 'ListIndexes1795392060000';

  /** Who stores events waits meanwhile: a few seconds for each million rows. */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX events_name_idx ON events (project_id, name, occurred_at, event_id)');
    await runner.query(`
      CREATE INDEX events_user_idx ON events (project_id, user_id, occurred_at, event_id) WHERE user_id IS NOT NULL`);
    await runner.query(`
      CREATE INDEX events_source_idx ON events (project_id, source, occurred_at, event_id) WHERE source IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX events_source_idx');
    await runner.query('DROP INDEX events_user_idx');
    await runner.query('DROP INDEX events_name_idx');
  }
}
