import type { Queryable } from './database';
import { ERASED } from './ledger';

/** Where the record of an event stands on the log. */
export interface TracedPlace {
  readonly partition: number;
  readonly offset: number;
}

/** What became of an event. */
export type EventTrace =
  | (TracedPlace & {
      readonly status: 'stored';
      /** How often the same id came again. */
      readonly duplicates: number;
      /** Undefined when the row is not in PostgreSQL, as the next. */
      readonly receivedAt: Date | undefined;
      readonly storedAt: Date | undefined;
    })
  | (TracedPlace & {
      readonly status: 'erased';
      readonly duplicates: number;
    })
  | (TracedPlace & {
      readonly status: 'dead_lettered' | 'discarded';
      /** Stable code, for programs. */
      readonly reason: string;
    });

interface StoredRow {
  readonly partition: number;
  readonly offset: string;
  readonly duplicates: number;
  readonly state: number;
  readonly received_at: number | null;
  readonly stored_at: number | null;
}

interface LetterRow {
  readonly partition: number;
  readonly offset: string;
  readonly status: 'open' | 'replayed' | 'discarded';
  readonly reason: string;
}

/** Tells what became of an event, by its id. */
export class EventTraces {
  constructor(private readonly database: Queryable) {}

  /** @returns undefined until a consumer has seen the event. @param eventId a UUID, in whatever case. */
  async find(projectId: number, eventId: string): Promise<EventTrace | undefined> {
    return (await this.stored(projectId, eventId)) ?? (await this.deadLettered(projectId, eventId));
  }

  private async stored(projectId: number, eventId: string): Promise<EventTrace | undefined> {
    // A lateral with a limit: the ledger's time leads into the one partition that can have the row.
    const [row] = await this.database.query<StoredRow>(
      `SELECT i.partition, i."offset", i.duplicates, i.state,
         (extract(epoch FROM e.received_at) * 1000)::float8 AS received_at,
         (extract(epoch FROM e.stored_at) * 1000)::float8 AS stored_at
       FROM event_ids i
       LEFT JOIN LATERAL (
         SELECT received_at, stored_at FROM events
         WHERE project_id = i.project_id AND occurred_at = i.occurred_at AND event_id = i.event_id LIMIT 1
       ) e ON true
       WHERE i.project_id = $1 AND i.event_id = $2`,
      [projectId, eventId],
    );
    if (row === undefined) return undefined;
    const { partition, offset, duplicates, state, received_at, stored_at } = row;
    if (state === ERASED) return { status: 'erased', partition, offset: Number(offset), duplicates };
    return {
      status: 'stored',
      partition,
      offset: Number(offset),
      duplicates,
      receivedAt: received_at === null ? undefined : new Date(received_at),
      storedAt: stored_at === null ? undefined : new Date(stored_at),
    };
  }

  /** Of several letters of one id, one that somebody can still do something about, and of those the latest. */
  private async deadLettered(projectId: number, eventId: string): Promise<EventTrace | undefined> {
    const [row] = await this.database.query<LetterRow>(
      `SELECT partition, "offset", status, reason FROM dead_letters
       WHERE project_id = $1 AND event_id = $2 ORDER BY status = 'discarded', id DESC LIMIT 1`,
      [projectId, eventId],
    );
    if (row === undefined) return undefined;
    const { partition, offset, reason } = row;
    const status = row.status === 'discarded' ? 'discarded' : 'dead_lettered';
    return { status, partition, offset: Number(offset), reason };
  }
}
