import { createHash } from 'node:crypto';
import type { Queryable } from './database';
import { storableProject, storableText } from './dead-letter-insert';
import type { RecordOutcome, Replay } from './insert-batch';

/** What becomes of a record that says which dead letter it was. */
export interface PlacedReplay {
  readonly outcome: RecordOutcome;
  readonly replay: Replay;
}

interface Letter {
  readonly id: string;
  readonly projectId: number;
  /** By a door: its value is none of an event. */
  readonly refused: boolean;
  readonly eventId: string | null;
  /** SHA-256 of the value; null of none. */
  readonly digest: string | null;
}

/** The header alone tells it of a letter that a consumer has written who did not know the stage. */
const REFUSED = `(d.stage = 'accept' OR d.headers ? 'refused')`;

/** What the replays of one letter in one batch come to. */
interface Settlement {
  failures: number;
  stored: boolean;
  last: { readonly stage: string; readonly reason: string; readonly detail: string } | undefined;
}

/**
 * Tells the letters what became of their replays: stored (now or before) makes a letter `replayed`; one that failed
 * again counts the attempt and has the new reason.
 *
 * @param replays in the order of the log.
 * @returns the outcomes that are known by their letter and need none of their own, and how many open letters are
 *   replayed now.
 */
export async function settleReplays(
  tx: Queryable,
  replays: readonly PlacedReplay[],
): Promise<{ known: ReadonlySet<unknown>; replayed: number }> {
  const known = new Set<unknown>();
  if (replays.length === 0) return { known, replayed: 0 };
  const letters = await lockLetters(tx, replays);
  const settlements = new Map<string, Settlement>();
  for (const { outcome, replay } of replays) {
    const letter = letters.get(replay.letterId);
    if (letter === undefined || !isOf(letter, outcome, replay)) continue;
    known.add(outcome);
    const settlement = settlements.get(letter.id) ?? { failures: 0, stored: false, last: undefined };
    settlements.set(letter.id, settlement);
    if (outcome.kind === 'persist') settlement.stored = true;
    else {
      settlement.failures += 1;
      settlement.last = outcome.letter;
    }
  }
  return { known, replayed: settlements.size === 0 ? 0 : await update(tx, settlements) };
}

/** Locked in the order of their ids, as everybody does who changes several. */
async function lockLetters(tx: Queryable, replays: readonly PlacedReplay[]): Promise<ReadonlyMap<string, Letter>> {
  const ids = [...new Set(replays.map(({ replay }) => replay.letterId))];
  const letters = await tx.query<Letter>(
    `SELECT id::text AS id, project_id AS "projectId", ${REFUSED} AS refused, event_id AS "eventId",
       encode(sha256(value), 'hex') AS digest
     FROM dead_letters d WHERE id = ANY ($1::int8[]) AND status <> 'discarded' ORDER BY d.id FOR UPDATE`,
    [ids],
  );
  return new Map(letters.map((letter) => [letter.id, letter]));
}

/**
 * Anybody who can write to the log can name any letter. The same project and the same value show a replay; what a door
 * had refused has become an event meanwhile, and has the letter's id.
 */
function isOf(letter: Letter, outcome: RecordOutcome, { value }: Replay): boolean {
  const { projectId, eventId } = outcome.kind === 'persist' ? outcome.event : outcome.letter;
  if (letter.projectId !== storableProject(projectId)) return false;
  if (letter.refused) return letter.eventId !== null && letter.eventId === eventId;
  const digest = value === null ? null : createHash('sha256').update(value).digest('hex');
  return letter.digest === digest;
}

/** What a door had refused stays its to read, whatever became of the event that it made of it. */
async function update(tx: Queryable, settlements: ReadonlyMap<string, Settlement>): Promise<number> {
  const rows = [...settlements.values()];
  const [changed] = await tx.query<{ replayed: number }>(
    `WITH before AS (SELECT id, status FROM dead_letters WHERE id = ANY ($1::int8[])),
     changed AS (
       UPDATE dead_letters d SET
         attempts = d.attempts + u.failures,
         status = CASE WHEN u.stored THEN 'replayed' ELSE d.status END,
         resolved_at = CASE WHEN u.stored THEN coalesce(d.resolved_at, now()) ELSE d.resolved_at END,
         stage = CASE WHEN ${REFUSED} THEN 'accept' ELSE coalesce(u.stage, d.stage) END,
         reason = coalesce(u.reason, d.reason),
         detail = coalesce(u.detail, d.detail)
       FROM unnest($1::int8[], $2::int4[], $3::bool[], $4::text[], $5::text[], $6::text[])
         AS u(id, failures, stored, stage, reason, detail)
       WHERE d.id = u.id
       RETURNING d.id, d.status
     )
     SELECT count(*)::int4 AS replayed FROM changed JOIN before USING (id)
     WHERE before.status = 'open' AND changed.status = 'replayed'`,
    [
      [...settlements.keys()],
      rows.map(({ failures }) => failures),
      rows.map(({ stored }) => stored),
      rows.map(({ last }) => last?.stage),
      rows.map(({ last }) => (last === undefined ? undefined : storableText(last.reason))),
      rows.map(({ last }) => (last === undefined ? undefined : storableText(last.detail))),
    ],
  );
  return changed?.replayed ?? 0;
}
