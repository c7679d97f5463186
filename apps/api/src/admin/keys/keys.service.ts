import {
  hashApiKeySecret,
  mintApiKey,
  type ApiKeyPlace,
  type ApiKeys,
  type ListedApiKey,
  type Projects,
  type Scope,
} from '@app/persistence';
import type { KeyRing, Principal } from '../../transport/auth/key-ring';
import { problems, ProblemError } from '../../transport/problem';
import { administered } from '../project-scope';
import { refused } from '../refused';

export interface KeyWish {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Id or name as the client sent it; undefined: the project of the caller's key. */
  readonly project: unknown;
  readonly expiresAt: Date | null;
}

/** A key and its text, which nobody can tell again. */
export interface MintedKey {
  readonly key: ListedApiKey;
  readonly text: string;
}

const ID = /^[0-9A-Za-z]{1,64}$/;

/** What administrators do with keys. To each, keys of projects that are not theirs do not exist. */
export class KeysService {
  constructor(
    private readonly keys: ApiKeys,
    private readonly projects: Projects,
    private readonly ring: KeyRing,
    private readonly pepper: string,
  ) {}

  async list(principal: Principal, limit: number, after?: ApiKeyPlace): Promise<ListedApiKey[]> {
    return this.keys.list(administered(principal), limit, after);
  }

  /** @throws {ProblemError} 422 for a project that is not there, or not the caller's. */
  async create(principal: Principal, wish: KeyWish): Promise<MintedKey> {
    const { name, scopes, expiresAt } = wish;
    return this.mint({ name, scopes, expiresAt, projectId: await this.resolveProject(principal, wish.project) });
  }

  /**
   * A second key like the first, which goes on working until it is revoked.
   *
   * @param expiresAt null: as long from now as the first was meant to live.
   * @throws {ProblemError} 404; 422 when it was revoked.
   */
  async rotate(principal: Principal, id: string, expiresAt: Date | null): Promise<MintedKey> {
    const old = ID.test(id) ? await this.keys.describe(id, administered(principal)) : undefined;
    if (old === undefined) throw unknownKey();
    if (old.revokedAt !== null) throw refused('id', 'conflict', 'is the id of a key that was revoked');
    const { name, scopes, project } = old;
    return this.mint({ name, scopes, projectId: project.id, expiresAt: expiresAt ?? sameLifetime(old) });
  }

  /** @throws {ProblemError} 404; 422 when nobody could administer the service any more. */
  async revoke(principal: Principal, id: string): Promise<void> {
    const outcome = ID.test(id) ? await this.keys.revoke(id, administered(principal)) : 'unknown';
    this.ring.forget(id);
    if (outcome === 'unknown') throw unknownKey();
    if (outcome === 'last-admin') {
      throw refused(
        'id',
        'conflict',
        'is the last valid key with the scope admin of project "default": make another first',
      );
    }
  }

  private async mint(wanted: {
    readonly name: string;
    readonly scopes: readonly Scope[];
    readonly projectId: number;
    readonly expiresAt: Date | null;
  }): Promise<MintedKey> {
    const { id, secret, text } = mintApiKey();
    await this.keys.add({ id, hash: hashApiKeySecret(secret, this.pepper), ...wanted });
    const key = await this.keys.describe(id, wanted.projectId);
    if (key === undefined) throw new Error('The new key is not there.');
    return { key, text };
  }

  private async resolveProject(principal: Principal, project: unknown): Promise<number> {
    if (project === undefined || project === null) return principal.projectId;
    const found = await this.findProject(project);
    const own = administered(principal);
    if (found === undefined || (own !== undefined && found !== own)) {
      throw refused('project', 'conflict', 'is neither id nor name of a project');
    }
    return found;
  }

  private async findProject(project: unknown): Promise<number | undefined> {
    if (typeof project !== 'string' && typeof project !== 'number') return undefined;
    const text = String(project);
    if (/^\d{1,9}$/.test(text)) return (await this.projects.byId(Number(text)))?.id;
    // What could not be the name of any project is not asked for either.
    return typeof project === 'string' && text.length <= 400 && text.isWellFormed() && !text.includes('\0')
      ? (await this.projects.byName(text))?.id
      : undefined;
  }
}

function unknownKey(): ProblemError {
  return new ProblemError(problems.notFound('There is no key with this id.'));
}

function sameLifetime({ createdAt, expiresAt }: ListedApiKey): Date | null {
  return expiresAt === null ? null : new Date(Date.now() + expiresAt.getTime() - createdAt.getTime());
}
