import { hashApiKeySecret, mintApiKey } from '@app/persistence';
import type { TestApi } from './running-api';

export const SCOPES = ['ingest', 'read', 'admin'] as const;

/** Names of what is no valid key. */
export const nobody = ['none', 'revoked', 'expired', 'of another secret', 'made up', 'mistyped', 'empty'];

const PROJECTS = { default: 1, second: 2, third: 3 } as const;

/** Keys of every kind, by names like `second read`. */
export class AccessKeys {
  private readonly keys = new Map<string, string>();

  private constructor(private readonly test: TestApi) {}

  /** Adds them; the projects must be there. */
  static async of(test: TestApi): Promise<AccessKeys> {
    const keys = new AccessKeys(test);
    for (const [project, projectId] of Object.entries(PROJECTS)) {
      for (const scope of SCOPES) keys.keys.set(`${project} ${scope}`, await test.addKey([scope], projectId));
    }
    await keys.addNobodys();
    return keys;
  }

  /** Undefined for `none`. */
  get(name: string): string | undefined {
    return this.keys.get(name);
  }

  idOf(name: string): string {
    return this.get(name)?.split('_')[1] ?? '';
  }

  private async addNobodys(): Promise<void> {
    const { keys } = this;
    const { database } = this.test.db;
    for (const name of ['revoked', 'expired']) keys.set(name, await this.test.addKey(['admin']));
    await database.query('UPDATE api_keys SET revoked_at = now() WHERE id = $1', [this.idOf('revoked')]);
    await database.query(`UPDATE api_keys SET expires_at = now() - interval '1 s' WHERE id = $1`, [
      this.idOf('expired'),
    ]);
    const known = mintApiKey();
    const hash = hashApiKeySecret(mintApiKey().secret, '');
    await database.query(
      `INSERT INTO api_keys (id, project_id, name, scopes, hash) VALUES ($1, 1, 'other secret', ARRAY['admin'], $2)`,
      [known.id, hash],
    );
    keys.set('of another secret', known.text);
    keys.set('made up', mintApiKey().text);
    keys.set('mistyped', `${known.text.slice(0, -1)}!`);
    keys.set('empty', '');
  }
}
