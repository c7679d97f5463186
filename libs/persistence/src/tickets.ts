import type { Scope } from './api-keys';
import type { Database } from './database';

/** Tickets of one key that may wait to be used at the same time. */
const MAX_OPEN = 1000;

/** Whom a ticket stands for. */
export interface TicketOwner {
  readonly keyId: string;
  readonly projectId: number;
  readonly scopes: readonly Scope[];
  /** Some events of the project before this day, `YYYY-MM-DD`, were dropped. */
  readonly eventsFrom: string | null;
}

/** Tickets, by their hashes. Each is good for one use. */
export class Tickets {
  constructor(private readonly database: Database) {}

  /**
   * Keeps a ticket, and forgets those that have expired.
   *
   * @returns when it expires, by the clock of PostgreSQL; undefined when the key has 1000 open ones.
   */
  async add(hash: Buffer, keyId: string, seconds: number): Promise<Date | undefined> {
    // At most so many at a time: whoever asks for one ticket does not wait for the removal of a million.
    await this.database.query(
      `DELETE FROM tickets WHERE hash IN (SELECT hash FROM tickets WHERE expires_at <= now() LIMIT 1000 FOR UPDATE SKIP LOCKED)`,
    );
    const rows = await this.database.query<{ expiresAt: Date }>(
      `INSERT INTO tickets (hash, key_id, expires_at)
       SELECT $1, $2, now() + $3 * interval '1 second'
       WHERE (SELECT count(*) FROM tickets WHERE key_id = $2) < ${MAX_OPEN}
       RETURNING expires_at AS "expiresAt"`,
      [hash, keyId, seconds],
    );
    return rows[0]?.expiresAt;
  }

  /**
   * Takes a ticket, which nobody can take again.
   *
   * @returns undefined when there is none, it has expired, or its key is not valid any more.
   */
  async take(hash: Buffer): Promise<TicketOwner | undefined> {
    const rows = await this.database.query<TicketOwner>(
      `WITH taken AS (DELETE FROM tickets WHERE hash = $1 RETURNING key_id, expires_at)
       SELECT k.id AS "keyId", k.project_id AS "projectId", k.scopes, p.events_from::text AS "eventsFrom"
       FROM taken t JOIN api_keys k ON k.id = t.key_id JOIN projects p ON p.id = k.project_id
       WHERE t.expires_at > now() AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())`,
      [hash],
    );
    return rows[0];
  }
}
