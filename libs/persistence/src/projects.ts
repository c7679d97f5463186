import type { Queryable } from './database';

/** The project that the first migration makes. */
export const DEFAULT_PROJECT = 1;

export interface StoredProject {
  readonly id: number;
  readonly name: string;
}

/** What administrators see of a project. */
export interface ListedProject extends StoredProject {
  /** Older events are dropped from the archive; null: never. */
  readonly retentionDays: number | null;
  /** Some events before this day, `YYYY-MM-DD`, were dropped; null: none. */
  readonly eventsFrom: string | null;
}

const LISTED = 'id, name, retention_days AS "retentionDays", events_from::text AS "eventsFrom"';

/** The tenants. */
export class Projects {
  constructor(private readonly database: Queryable) {}

  /** By id. @param after only those with a greater id. */
  async list(limit: number, after = 0): Promise<ListedProject[]> {
    return this.database.query(`SELECT ${LISTED} FROM projects WHERE id > $1 ORDER BY id LIMIT $2`, [after, limit]);
  }

  /** @returns undefined when the name is taken. */
  async add(name: string, retentionDays: number | null = null): Promise<ListedProject | undefined> {
    // Looked up first: a name that is taken would cost a number each time.
    if ((await this.byName(name)) !== undefined) return undefined;
    const rows = await this.database.query<ListedProject>(
      `INSERT INTO projects (name, retention_days) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING ${LISTED}`,
      [name, retentionDays],
    );
    return rows[0];
  }

  /**
   * Older events will be dropped by the archiver; none any more with null.
   *
   * @param days 7 to 36,500.
   * @returns undefined when there is no such project.
   */
  async keepFor(id: number, days: number | null): Promise<ListedProject | undefined> {
    const [row] = await this.database.query<ListedProject>(
      `WITH changed AS (UPDATE projects SET retention_days = $2 WHERE id = $1 RETURNING *) SELECT ${LISTED} FROM changed`,
      [id, days],
    );
    return row;
  }

  async byId(id: number): Promise<StoredProject | undefined> {
    const rows = await this.database.query<StoredProject>('SELECT id, name FROM projects WHERE id = $1', [id]);
    return rows[0];
  }

  async byName(name: string): Promise<StoredProject | undefined> {
    const rows = await this.database.query<StoredProject>('SELECT id, name FROM projects WHERE name = $1', [name]);
    return rows[0];
  }
}
