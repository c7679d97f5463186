import { ApiKey } from './api-key.entity';
import type { Database } from './database';

export type Scope = 'ingest' | 'read' | 'admin';

/** A key as it is kept. Its secret is not known here, only the hash. */
export interface StoredApiKey {
  readonly id: string;
  readonly projectId: number;
  readonly scopes: readonly Scope[];
  readonly hash: Buffer;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

export interface NewApiKey {
  readonly id: string;
  readonly projectId: number;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly hash: Buffer;
}

/** The API keys of all projects, also those that expired or were revoked: who asks decides what that means. */
export class ApiKeys {
  constructor(private readonly database: Database) {}

  async find(id: string): Promise<StoredApiKey | undefined> {
    const key = await this.database.withManager((manager) => manager.findOneBy(ApiKey, { id }));
    if (key === null) return undefined;
    const { projectId, hash, expiresAt, revokedAt } = key;
    // The CHECK of the column holds the scopes to these three words.
    return { id, projectId, scopes: key.scopes as Scope[], hash, expiresAt, revokedAt };
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

  /** True when there is any key at all, of whatever project and state. */
  async any(): Promise<boolean> {
    return this.database.withManager((manager) => manager.exists(ApiKey));
  }
}
