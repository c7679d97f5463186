import type { Database } from '../database';
import { countedMinutesStart } from './utc-day';

/** Rows that one statement deletes: a few milliseconds. */
const AT_ONCE = 5000;

/** The minutes of the hot window are counted; what has left it is of no use. */
export class HotMinutes {
  constructor(private readonly database: Database) {}

  /**
   * Removes the minutes from more than a day before the hot window, in which whose clock is ahead or behind
   * still counts. Any number of processes may do so at once.
   *
   * @returns how many rows.
   */
  async removeOld(now: Date): Promise<number> {
    const before = countedMinutesStart(now).toISOString();
    let removed = 0;
    for (const table of ['minute_totals', 'minute_metrics'] as const) {
      for (const project of await this.projectsIn(table)) removed += await this.removeFrom(table, project, before);
    }
    return removed;
  }

  /** From the index, one step for each project: reading the table for what is old would take seconds when it is large. */
  private async projectsIn(table: string): Promise<number[]> {
    const rows = await this.database.query<{ id: number }>(
      `WITH RECURSIVE found AS (
         SELECT min(project_id) AS id FROM ${table}
         UNION ALL
         SELECT (SELECT min(project_id) FROM ${table} WHERE project_id > found.id) FROM found WHERE found.id IS NOT NULL
       )
       SELECT id FROM found WHERE id IS NOT NULL`,
    );
    return rows.map(({ id }) => id);
  }

  private async removeFrom(table: string, project: number, before: string): Promise<number> {
    let removed = 0;
    for (;;) {
      const [deleted] = await this.database.query<{ count: number }>(
        `WITH old AS (
           SELECT ctid FROM ${table} WHERE project_id = $1 AND minute < $2 LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED
         ), gone AS (
           DELETE FROM ${table} WHERE ctid = ANY (ARRAY (SELECT ctid FROM old)) RETURNING 1
         )
         SELECT count(*)::int4 AS count FROM gone`,
        [project, before],
      );
      const count = deleted?.count ?? 0;
      removed += count;
      if (count < AT_ONCE) return removed;
    }
  }
}
