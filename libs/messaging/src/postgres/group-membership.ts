import type { Database } from '@app/persistence';
import { randomUUID } from 'node:crypto';
import { assignPartitions } from './assign-partitions';
import { wakeUpChannel } from './embedded-log';

/** Tells the members from the publishers on the topic's channel. */
export const MEMBERS_CHANGED = 'members';

/** A member that is silent for so long, by the database's clock, has lost its partitions. */
const SESSION_MS = 5000;

interface GroupRow {
  readonly partitions: number;
  readonly others: readonly { readonly id: string; readonly partitions: readonly number[] }[] | null;
}

/** Members look and take one after another, so that no two can take the same partition. */
const LOCK_GROUP = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))';

const LOOK = `
  SELECT (SELECT count(*)::integer FROM log_partitions WHERE topic = $2) AS partitions,
    (SELECT json_agg(json_build_object('id', member_id, 'partitions', partitions))
     FROM log_members
     WHERE group_name = $1 AND topic = $2 AND member_id <> $3
       AND heartbeat_at > clock_timestamp() - $4 * interval '1 millisecond') AS others`;

const CLAIM = `
  INSERT INTO log_members (group_name, topic, member_id, partitions, heartbeat_at)
  VALUES ($1, $2, $3, $4, clock_timestamp())
  ON CONFLICT (group_name, topic, member_id)
    DO UPDATE SET heartbeat_at = excluded.heartbeat_at, partitions = excluded.partitions`;

const NOTIFY = 'SELECT pg_notify($1, $2)';

/**
 * One member's place in a group, kept in its row of `log_members`.
 *
 * Everybody divides for itself, from the list of the living. A partition changes hands when its old owner no longer
 * names it in its row, which it does until its running batch is finished, or is silent for too long. In the latter case
 * two may read the same for a while; the positions in the handler's transaction decide then.
 */
export class GroupMembership {
  private readonly id = randomUUID();
  private owned: readonly number[] = [];
  private busy: readonly number[] = [];
  /** What the row says. */
  private told: readonly number[] = [];
  private known = false;
  private first = false;

  constructor(
    private readonly database: Database,
    private readonly group: string,
    private readonly topic: string,
  ) {}

  /** Partitions to read, ascending. */
  get assigned(): readonly number[] {
    return this.owned;
  }

  /** True for one member of the group: the one for what must be done once. */
  get leads(): boolean {
    return this.first;
  }

  /** A round of reading begins. @returns what it may read: that stays ours until `endRound`, also when it was lost. */
  beginRound(): readonly number[] {
    this.busy = this.owned;
    return this.busy;
  }

  endRound(): void {
    this.busy = [];
  }

  /** True when the row says something else than what is so: others may be waiting to hear it. */
  get stale(): boolean {
    return !sameNumbers(this.told, this.claimed(this.owned));
  }

  /**
   * Says that this member lives, and takes and gives partitions.
   *
   * @returns how many partitions the topic has, and whether this member waits for its first one.
   */
  async beat(): Promise<{ readonly partitions: number; readonly waiting: boolean }> {
    const { group, topic, id } = this;
    const news = await this.database.transaction(async (tx) => {
      await tx.query(LOCK_GROUP, [JSON.stringify([group, topic])]);
      const [row] = await tx.query<GroupRow>(LOOK, [group, topic, id, SESSION_MS]);
      const others = row?.others ?? [];
      const partitions = row?.partitions ?? 0;
      const share = assignPartitions(partitions, [id, ...others.map((other) => other.id)], id);
      const taken = new Set(others.flatMap((other) => other.partitions));
      const owned = share.filter((partition) => !taken.has(partition));
      // Given up in the same instant as the claim is made, so that no round begins with what the claim leaves out.
      this.owned = this.owned.filter((partition) => owned.includes(partition));
      const claimed = this.claimed(owned);
      await tx.query(CLAIM, [group, topic, id, claimed]);
      const changed = !this.known || !sameNumbers(claimed, this.told);
      if (changed) await tx.query(NOTIFY, [wakeUpChannel(topic), MEMBERS_CHANGED]);
      const waiting = owned.length === 0 && share.length > 0;
      return { partitions, waiting, owned, claimed, leads: others.every((other) => other.id > id) };
    });
    this.known = true;
    this.owned = news.owned;
    this.told = news.claimed;
    this.first = news.leads;
    return news;
  }

  /** Gives everything up at once instead of letting it expire. */
  async leave(): Promise<void> {
    const { group, topic, id } = this;
    this.owned = [];
    this.first = false;
    await this.database.query('DELETE FROM log_members WHERE group_name = $1 AND topic = $2 AND member_id = $3', [
      group,
      topic,
      id,
    ]);
    await this.database.query(NOTIFY, [wakeUpChannel(topic), MEMBERS_CHANGED]);
  }

  private claimed(owned: readonly number[]): number[] {
    return [...new Set([...owned, ...this.busy])].sort((a, b) => a - b);
  }
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((number, index) => number === b[index]);
}
