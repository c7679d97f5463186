import { ApiKey } from './api-key.entity';
import type { Database, Queryable } from './database';
import { DEFAULT_PROJECT, type StoredProject } from './projects';

export type Scope = 'ingest' | 'read' | 'admin';

/** A key as it is kept. Its secret is not known here, only the hash. */
export interface StoredApiKey {
  readonly id: string;
  readonly projectId: number;
  readonly scopes: readonly Scope[];
  readonly hash: Buffer;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  /** Some events of its project before this day, `YYYY-MM-DD`, were dropped. */
  readonly eventsFrom: string | null;
}

/** What may be told of a key. */
export interface ListedApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly project: StoredProject;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

export interface NewApiKey {
  readonly id: string;
  readonly projectId: number;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly hash: Buffer;
  /** Left out: it does not expire. */
  readonly expiresAt?: Date | null;
}

/** A place in the order of the list; the key itself need not exist. */
export interface ApiKeyPlace {
  readonly projectId: number;
  readonly id: string;
}

export type Revocation = 'revoked' | 'unknown' | 'last-admin';

const LISTED = `k.id, k.name, k.scopes, k.created_at AS "createdAt", k.expires_at AS "expiresAt",
  k.revoked_at AS "revokedAt", k.last_used_at AS "lastUsedAt", k.project_id AS "projectId", p.name AS "projectName"`;

type ListedRow = Omit<ListedApiKey, 'project'> & { readonly projectId: number; readonly projectName: string };

function fromListedRow({ projectId, projectName, ...key }: ListedRow): ListedApiKey {
  return { ...key, project: { id: projectId, name: projectName } };
}

/** The API keys of all projects, also those that expired or were revoked: who asks decides what that means. */
export class ApiKeys {
  constructor(private readonly database: Database) {}

  async find(id: string): Promise<StoredApiKey | undefined> {
    // The CHECK of the column holds the scopes to these three words.
    const [key] = await this.database.query<StoredApiKey>(
      `SELECT k.id, k.project_id AS "projectId", k.scopes, k.hash, k.expires_at AS "expiresAt",
         k.revoked_at AS "revokedAt", p.events_from::text AS "eventsFrom"
       FROM api_keys k JOIN projects p ON p.id = k.project_id WHERE k.id = $1`,
      [id],
    );
    return key;
  }

  /** @param projectId undefined: of whatever project. */
  async describe(id: string, projectId: number | undefined): Promise<ListedApiKey | undefined> {
    const rows = await this.database.query<ListedRow>(
      `SELECT ${LISTED} FROM api_keys k JOIN projects p ON p.id = k.project_id
       WHERE k.id = $1 AND ($2::int IS NULL OR k.project_id = $2)`,
      [id, projectId ?? null],
    );
    return rows.map(fromListedRow)[0];
  }

  /** By project and id. @param projectId undefined: of all projects. */
  async list(projectId: number | undefined, limit: number, after?: ApiKeyPlace): Promise<ListedApiKey[]> {
    const rows = await this.database.query<ListedRow>(
      `SELECT ${LISTED} FROM api_keys k JOIN projects p ON p.id = k.project_id
       WHERE ($1::int IS NULL OR k.project_id = $1) AND (k.project_id, k.id) > ($2::int, $3)
       ORDER BY k.project_id, k.id LIMIT $4`,
      [projectId ?? null, after?.projectId ?? 0, after?.id ?? '', limit],
    );
    return rows.map(fromListedRow);
  }

  /** Idempotent: a key whose id is there already stays as it is. */
  async add(key: NewApiKey): Promise<void> {
    await this.database.withManager((manager) =>
      manager
        .createQueryBuilder()
        .insert()
        .into(ApiKey)
        .values({ ...key, scopes: [...key.scopes] })
        .orIgnore()
        .execute(),
    );
  }

  /**
   * Revokes a key, once and for ever; one that is revoked stays as it is. The last key that is valid and may administer
   * project `default` is not revoked: nobody could make another one.
   *
   * @param projectId undefined: of whatever project.
   */
  async revoke(id: string, projectId: number | undefined): Promise<Revocation> {
    return this.database.transaction(async (tx) => {
      // One at a time: two who revoke each other at the same moment would both leave the other.
      await tx.query('SELECT FROM projects WHERE id = $1 FOR UPDATE', [DEFAULT_PROJECT]);
      const [key] = await tx.query<{ last: boolean }>(
        `SELECT
           ${validAdmin('k')} AND NOT EXISTS (SELECT FROM api_keys o WHERE o.id <> k.id AND ${validAdmin('o')}) AS last
         FROM api_keys k WHERE k.id = $1 AND ($2::int IS NULL OR k.project_id = $2)`,
        [id, projectId ?? null],
      );
      if (key === undefined) return 'unknown';
      if (key.last) return 'last-admin';
      await markRevoked(tx, id);
      return 'revoked';
    });
  }

  /** One statement for all. A time that is older than what is there changes nothing. */
  async markUsed(lastUsedMs: ReadonlyMap<string, number>): Promise<void> {
    // Sorted: replicas that meet on the same rows wait for each other instead of deadlocking.
    const uses = [...lastUsedMs].sort(([a], [b]) => (a < b ? -1 : 1));
    const [ids, times] = [uses.map(([id]) => id), uses.map(([, ms]) => new Date(ms).toISOString())];
    await this.database.query(
      `UPDATE api_keys k SET last_used_at = u.at
       FROM (SELECT k.id, u.at FROM unnest($1::text[], $2::timestamptz[]) AS u (id, at)
             JOIN api_keys k ON k.id = u.id COLLATE "C" ORDER BY k.id FOR UPDATE OF k) u
       WHERE k.id = u.id AND (k.last_used_at IS NULL OR k.last_used_at < u.at)`,
      [ids, times],
    );
  }

  /** True when there is any key at all, of whatever project and state. */
  async any(): Promise<boolean> {
    return this.database.withManager((manager) => manager.exists(ApiKey));
  }
}

function validAdmin(k: string): string {
  return `(${k}.project_id = ${DEFAULT_PROJECT} AND 'admin' = ANY (${k}.scopes) AND ${k}.revoked_at IS NULL
    AND (${k}.expires_at IS NULL OR ${k}.expires_at > now()))`;
}

async function markRevoked(tx: Queryable, id: string): Promise<void> {
  await tx.query('UPDATE api_keys SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL', [id]);
}
