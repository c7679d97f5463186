import { byteaArray, int4Array } from '../binary-array';
import type { Queryable } from '../database';
import { storableProject } from '../dead-letter-insert';
import type { RecordOutcome } from '../insert-batch';
import { RecentTexts } from '../recent-texts';
import { NOTHING_ERASED, type ErasureView } from '../rollups/erasure-view';
import { claimsOf } from './letter-claims';
import { hashUser } from './user-hash';

/** Users that are known not to be erased. 20 MB when full of usual ids. */
const MAX_USERS = 200_000;

/** What erasures say of a batch. */
export interface Screened {
  /** Records that must not be stored. */
  readonly refused: ReadonlySet<unknown>;
  readonly view: ErasureView;
}

const NOTHING: Screened = { refused: new Set(), view: NOTHING_ERASED };

/** What one process knows of the erasures as of a version. */
interface Known {
  readonly version: number;
  readonly open: boolean;
  readonly key: Buffer;
  readonly clean: RecentTexts;
}

interface Claim {
  readonly outcome: RecordOutcome;
  readonly projectId: number;
  readonly users: readonly string[];
  /** In milliseconds. */
  readonly receivedAt: number;
}

/**
 * Finds what is of erased users in batches that are to be stored. Users are hashed only where there ever was an erasure,
 * and then once for each version of them while they are remembered.
 */
export class ErasureScreen {
  private known: Known | undefined;

  /**
   * @param version of the erasures, read by this transaction after its first write to the positions: the eraser waits for
   *   every transaction that has begun to write there and may have read an older one.
   */
  async look(tx: Queryable, version: number, due: readonly RecordOutcome[]): Promise<Screened> {
    if (version === 0) return NOTHING;
    // Held on to: what this transaction finds is true of this version, whatever another batch learns meanwhile.
    const known = this.known?.version === version ? this.known : (this.known = await learn(tx));
    const claims = due.map(claimOf);
    const befores = await this.befores(tx, claims, known);
    const refused = new Set<unknown>();
    for (const { outcome, projectId, users, receivedAt } of claims) {
      const isRefused = (user: string): boolean => receivedAt < (befores.get(userKeyOf(projectId, user)) ?? -Infinity);
      if (befores.size > 0 && users.some(isRefused)) refused.add(outcome);
    }
    const wasErased = (projectId: number, userId: string): boolean => befores.has(userKeyOf(projectId, userId));
    return { refused, view: { version: known.version, open: known.open, wasErased } };
  }

  /** When another server answers, which may never have seen the last commits. */
  forget(): void {
    this.known = undefined;
  }

  /** Of the users of the batch that were erased: what was received before it, in milliseconds, is refused. */
  private async befores(tx: Queryable, claims: readonly Claim[], known: Known): Promise<ReadonlyMap<string, number>> {
    const asked = new Map<string, { readonly projectId: number; readonly userId: string }>();
    for (const { projectId, users } of claims) {
      for (const userId of users) {
        if (!known.clean.has(projectId, userId)) asked.set(userKeyOf(projectId, userId), { projectId, userId });
      }
    }
    if (asked.size === 0) return new Map();
    const users = [...asked.values()];
    const rows = await tx.query<{ n: number; before: number }>(
      // Nothing was received in the future, whatever records say that were made by hand.
      `SELECT u.n::int4, CASE WHEN e.before > clock_timestamp() THEN 'Infinity'
         ELSE (extract(epoch FROM e.before) * 1000)::float8 END AS before
       FROM unnest($1::int4[], $2::bytea[]) WITH ORDINALITY AS u(project_id, hash, n)
       CROSS JOIN LATERAL (
         SELECT before FROM erasures WHERE project_id = u.project_id AND user_hash = u.hash
         ORDER BY before DESC LIMIT 1
       ) AS e`,
      [
        int4Array(users, ({ projectId }) => projectId),
        byteaArray(users, ({ projectId, userId }) => hashUser(known.key, projectId, userId)),
      ],
    );
    const keys = [...asked.keys()];
    const befores = new Map(rows.map(({ n, before }) => [keys[n - 1] ?? '', before]));
    for (const [key, { projectId, userId }] of asked) if (!befores.has(key)) known.clean.add(projectId, userId);
    return befores;
  }
}

async function learn(tx: Queryable): Promise<Known> {
  const [state] = await tx.query<{ version: number; key: Buffer; open: boolean }>(
    `SELECT version::float8 AS version, hash_key AS key,
       EXISTS (SELECT FROM erasures WHERE status IN ('queued', 'running')) AS open
     FROM erasure_state`,
  );
  if (state === undefined) throw new TypeError('The table erasure_state has no row.');
  return { ...state, clean: new RecentTexts(MAX_USERS) };
}

function claimOf(outcome: RecordOutcome): Claim {
  if (outcome.kind === 'persist') {
    const { projectId, userId, receivedAt } = outcome.event;
    const users = userId === undefined ? [] : [userId];
    return { outcome, projectId, users, receivedAt: receivedAt.getTime() };
  }
  const { letter, replay } = outcome;
  const { projectId, users, receivedAt } = claimsOf({ ...letter, projectId: storableProject(letter.projectId) });
  // A replay is older than its record, and nothing is lost with it: its letter is kept, unless it was erased.
  const loggedAt = replay === undefined ? letter.loggedAt : -Infinity;
  return { outcome, projectId, users: [...users].filter(isHashable), receivedAt: receivedAt ?? loggedAt };
}

function userKeyOf(projectId: number, userId: string): string {
  return `${projectId}:${userId}`;
}

/** No user has a longer id, and a stranger's record may be of megabytes. */
function isHashable(userId: string): boolean {
  return userId.length <= 400;
}
