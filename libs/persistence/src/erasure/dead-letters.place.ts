import type { Queryable } from '../database';
import { DEFAULT_PROJECT } from '../projects';
import { claimsOf, isLetterOf } from './letter-claims';
import { UserPlace, type ErasedUser, type ErasureWork, type Left } from './user-place.port';

/** Letters that one transaction looks at, and their bytes. */
const AT_ONCE = 500;
const BYTES_AT_ONCE = 4 << 20;

const NOT_SEEN = 'id > (SELECT letters_through FROM erasures WHERE id = $1)';

interface Letter {
  readonly id: string;
  readonly projectId: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly detail: string;
  /** Milliseconds since 1970. */
  readonly created: number;
}

/**
 * Dead letters, each of which is read, since only its bytes tell whose it is. How far it has come is kept with the
 * erasure: what is added later is refused by those who add it.
 */
export class DeadLetterPlace extends UserPlace {
  override async erase(user: ErasedUser, { transaction }: ErasureWork): Promise<Left> {
    const erased = await transaction((tx) => eraseSome(tx, user));
    if (erased === undefined) return 'locked';
    return erased.last === undefined ? 'nothing' : 'something';
  }

  override daysLeft(): Promise<ReadonlySet<number>> {
    return Promise.resolve(new Set());
  }
}

async function eraseSome(
  tx: Queryable,
  user: ErasedUser,
): Promise<{ last: string | undefined; removed: { deadLetters: number } }> {
  // First: what is added after this is not looked at.
  const newest = await newestId(tx);
  const letters = await next(tx, user);
  const last = letters.at(-1)?.id;
  const ids = letters.filter((letter) => belongsTo(user, letter)).map(({ id }) => id);
  // In the order of their ids, as everybody locks several.
  if (ids.length > 0) {
    await tx.query(
      `DELETE FROM dead_letters WHERE id IN (
         SELECT id FROM dead_letters WHERE id = ANY ($1::int8[]) ORDER BY id FOR UPDATE
       )`,
      [ids],
    );
  }
  await tx.query('UPDATE erasures SET letters_through = $2::int8 WHERE id = $1 AND letters_through < $2::int8', [
    user.erasureId,
    last ?? newest,
  ]);
  return { last, removed: { deadLetters: ids.length } };
}

/** Zero for none. */
async function newestId(tx: Queryable): Promise<string> {
  const [row] = await tx.query<{ id: string }>('SELECT coalesce(max(id), 0)::text AS id FROM dead_letters');
  return row?.id ?? '0';
}

/** The next ones by id. What nobody could read is kept under `default`, and may be of any project: its key tells. */
async function next(tx: Queryable, { erasureId, projectId, userId }: ErasedUser): Promise<Letter[]> {
  return tx.query<Letter>(
    `SELECT id::text AS id, project_id AS "projectId", key, value, detail, created FROM (
       SELECT *, (extract(epoch FROM created_at) * 1000)::float8 AS created,
         sum(coalesce(octet_length(value), 0)) OVER (ORDER BY id) - coalesce(octet_length(value), 0) AS bytes_before
       FROM (
         (SELECT * FROM dead_letters WHERE project_id = $2 AND ${NOT_SEEN} ORDER BY id LIMIT ${AT_ONCE})
         UNION ALL
         (SELECT * FROM dead_letters WHERE project_id = ${DEFAULT_PROJECT} AND project_id <> $2
            AND sha256(key) = sha256(convert_to($3, 'UTF8')) AND ${NOT_SEEN} ORDER BY id LIMIT ${AT_ONCE})
         ORDER BY id LIMIT ${AT_ONCE}
       ) AS page
     ) AS sized
     WHERE bytes_before < ${BYTES_AT_ONCE} ORDER BY sized.id`,
    [erasureId, projectId, `${projectId}:${userId}`],
  );
}

function belongsTo(user: ErasedUser, letter: Letter): boolean {
  const claims = claimsOf(letter);
  const { created } = letter;
  if (Math.min(claims.receivedAt ?? created, created) >= user.before.getTime()) return false;
  return isLetterOf(user, letter, claims);
}
