import type { ColdEvents } from './cold-events.port';
import { fromSegmentsColumn } from './committed-segments';
import type { Queryable } from './database';
import { milliseconds } from './event.mapping';
import { withFreshManifest } from './fresh-manifest';
import { ledgerLookup, type LookedUpRow } from './ledger-lookup';
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
      readonly receivedAt: Date;
      readonly storedAt: Date;
    })
  | (TracedPlace & {
      readonly status: 'archived';
      readonly duplicates: number;
      /** Undefined when nobody here reads the archive, as the next. */
      readonly receivedAt: Date | undefined;
      readonly storedAt: Date | undefined;
      readonly archivedAt: Date | undefined;
    })
  | (TracedPlace & {
      /** `expired`: known, but in no tier any more, and not because somebody erased it. */
      readonly status: 'erased' | 'expired';
      readonly duplicates: number;
    })
  | (TracedPlace & {
      readonly status: 'dead_lettered' | 'discarded';
      /** Stable code, for programs. */
      readonly reason: string;
    });

interface StoredRow extends LookedUpRow {
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

type Afterwards =
  | { readonly status: 'expired' }
  | {
      readonly status: 'archived';
      readonly receivedAt: Date | undefined;
      readonly storedAt: Date | undefined;
      readonly archivedAt: Date | undefined;
    };

/** Tells what became of an event, by its id. */
export class EventTraces {
  constructor(
    private readonly database: Queryable,
    private readonly cold?: ColdEvents,
  ) {}

  /** @returns undefined until a consumer has seen the event. @param eventId a UUID, in whatever case. */
  async find(projectId: number, eventId: string): Promise<EventTrace | undefined> {
    const stored = await withFreshManifest(() => this.stored(projectId, eventId));
    return stored ?? (await this.deadLettered(projectId, eventId));
  }

  private async stored(projectId: number, eventId: string): Promise<EventTrace | undefined> {
    const [row] = await this.database.query<StoredRow>(
      ledgerLookup(`i.partition, i."offset", i.duplicates, i.state,
        ${milliseconds('received_at')}, ${milliseconds('stored_at')}`),
      [projectId, eventId],
    );
    if (row === undefined) return undefined;
    const { partition, duplicates, received_at, stored_at } = row;
    const known = { partition, offset: Number(row.offset), duplicates };
    if (row.state === ERASED) return { status: 'erased', ...known };
    if (received_at === null || stored_at === null) return { ...known, ...(await this.afterwards(projectId, row)) };
    return { status: 'stored', ...known, receivedAt: new Date(received_at), storedAt: new Date(stored_at) };
  }

  /** Of an event that was stored and is not in the hot tier. */
  private async afterwards(projectId: number, row: StoredRow): Promise<Afterwards> {
    const segments = fromSegmentsColumn(row.segments);
    if (segments.length === 0) return { status: 'expired' };
    if (this.cold === undefined)
      return { status: 'archived', receivedAt: undefined, storedAt: undefined, archivedAt: undefined };
    const place = { occurredAt: new Date(row.known_at), eventId: row.known_id };
    const times = await this.cold.times(segments, projectId, place);
    return times === undefined ? { status: 'expired' } : { status: 'archived', ...times };
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
