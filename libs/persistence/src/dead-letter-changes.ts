import type { Database } from './database';
import { conditionOf, type DeadLetterFilter } from './dead-letter-filter';
import { storableText } from './dead-letter-insert';

/** What operators do to dead letters. What becomes of a replay is told by `EventStore.insert`. */
export class DeadLetterChanges {
  constructor(private readonly database: Database) {}

  /** What its door refused again when it was to be replayed. */
  async refusedAgain(projectId: number, id: string, why: { reason: string; detail: string }): Promise<void> {
    await this.database.query(
      `UPDATE dead_letters SET attempts = attempts + 1, stage = 'accept', reason = $3, detail = $4
       WHERE id = $1::int8 AND project_id = $2 AND status <> 'discarded'`,
      [id, projectId, storableText(why.reason), storableText(why.detail)],
    );
  }

  /**
   * The id of the event that a letter becomes: the one that it has, else `eventId`, which it keeps from now on, so that
   * all its replays are of one event. Undefined when the letter is discarded.
   */
  async claimEventId(projectId: number, id: string, eventId: string): Promise<string | undefined> {
    const [claimed] = await this.database.query<{ event_id: string }>(
      `UPDATE dead_letters SET event_id = coalesce(event_id, $3::uuid)
       WHERE id = $1::int8 AND project_id = $2 AND status <> 'discarded' RETURNING event_id`,
      [id, projectId, eventId],
    );
    return claimed?.event_id;
  }

  /** Lets go of key, value and headers for good; place, reason and id stay. True unless it was discarded before. */
  async discardOne(projectId: number, id: string): Promise<boolean> {
    const discarded = await this.database.query(
      `UPDATE dead_letters SET ${DISCARD} WHERE id = $1::int8 AND project_id = $2 AND status <> 'discarded' RETURNING 1`,
      [id, projectId],
    );
    return discarded.length > 0;
  }

  /** The same for the first open ones of a filter by id. @returns how many. */
  async discardSome(projectId: number, filter: DeadLetterFilter, through: string, limit: number): Promise<number> {
    const { sql, parameters } = conditionOf(projectId, { ...filter, status: 'open' });
    const n = parameters.length;
    // Locked in the order of their ids, as the consumers do who settle replays.
    const discarded = await this.database.query(
      `UPDATE dead_letters SET ${DISCARD}
       WHERE id IN (
         SELECT id FROM dead_letters WHERE ${sql} AND id <= $${n + 1}::int8 ORDER BY id LIMIT $${n + 2} FOR UPDATE
       )
       RETURNING 1`,
      [...parameters, through, limit],
    );
    return discarded.length;
  }
}

const DISCARD = `status = 'discarded', resolved_at = now(), key = NULL, value = NULL, headers = '{}'`;
