import type { Queryable } from './database';

/** The project that the first migration makes. */
export const DEFAULT_PROJECT = 1;

export interface StoredProject {
  readonly id: number;
  readonly name: string;
}

/** The tenants. */
export class Projects {
  constructor(private readonly database: Queryable) {}

  /** By id. @param after only those with a greater id. */
  async list(limit: number, after = 0): Promise<StoredProject[]> {
    return this.database.query('SELECT id, name FROM projects WHERE id > $1 ORDER BY id LIMIT $2', [after, limit]);
  }

  /** @returns undefined when the name is taken. */
  async add(name: string): Promise<StoredProject | undefined> {
    // Looked up first: a name that is taken would cost a number each time.
    if ((await this.byName(name)) !== undefined) return undefined;
    const rows = await this.database.query<StoredProject>(
      'INSERT INTO projects (name) VALUES ($1) ON CONFLICT (name) DO NOTHING RETURNING id, name',
      [name],
    );
    return rows[0];
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
