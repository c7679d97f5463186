import { int4Array, uuidArray } from './binary-array';
import type { Queryable } from './database';
import { ERASED } from './ledger';

/** An event on its way to the store, and the request that waits for it. */
export interface WaitedEvent {
  readonly projectId: number;
  /** In lower case, as the next. */
  readonly eventId: string;
  readonly ingestId: string;
}

/** What became of it. */
export type WaitedOutcome =
  /** `byRequest`: the row is of the request that waits; else the id was there before it. */
  | { readonly kind: 'stored'; readonly byRequest: boolean }
  /** Its user was erased: it is not stored, and never will be. */
  | { readonly kind: 'erased' }
  | { readonly kind: 'dead-letter'; readonly reason: string; readonly detail: string };

interface OutcomeRow {
  readonly place: number;
  readonly known: boolean;
  readonly erased: boolean | null;
  readonly by_request: boolean | null;
  readonly reason: string | null;
  readonly detail: string | null;
}

/** Tells requests that wait what became of their events. */
export class WaitedOutcomes {
  constructor(private readonly database: Queryable) {}

  /**
   * One query, however many wait. What the ledger has counts before a dead letter.
   *
   * @returns per event, in order, its outcome; undefined while no consumer has committed one.
   */
  async find(waited: readonly WaitedEvent[]): Promise<(WaitedOutcome | undefined)[]> {
    const outcomes = waited.map((): WaitedOutcome | undefined => undefined);
    // Laterals with a limit, so that each event is looked up by its key: of a join the planner may read a whole table.
    const rows = await this.database.query<OutcomeRow>(
      `SELECT w.place::int4, i.event_id IS NOT NULL AS known, i.state = ${ERASED} AS erased,
         i.ingest_id = w.ingest_id AS by_request, d.reason, d.detail
       FROM unnest($1::int4[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS w(project_id, event_id, ingest_id, place)
       LEFT JOIN LATERAL (
         SELECT event_id, ingest_id, state FROM event_ids
         WHERE project_id = w.project_id AND event_id = w.event_id LIMIT 1
       ) i ON true
       LEFT JOIN LATERAL (
         SELECT reason, detail FROM dead_letters
         WHERE project_id = w.project_id AND event_id = w.event_id AND ingest_id = w.ingest_id LIMIT 1
       ) d ON i.event_id IS NULL
       WHERE i.event_id IS NOT NULL OR d.reason IS NOT NULL`,
      [
        int4Array(waited, ({ projectId }) => projectId),
        uuidArray(waited, ({ eventId }) => eventId),
        uuidArray(waited, ({ ingestId }) => ingestId),
      ],
    );
    for (const row of rows) outcomes[row.place - 1] = toOutcome(row);
    return outcomes;
  }
}

function toOutcome({ known, erased, by_request, reason, detail }: OutcomeRow): WaitedOutcome {
  if (erased === true) return { kind: 'erased' };
  if (known) return { kind: 'stored', byRequest: by_request === true };
  return { kind: 'dead-letter', reason: reason ?? '', detail: detail ?? '' };
}
