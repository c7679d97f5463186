import { segmentsOf, type SegmentsColumn } from './committed-segments';

/** What `ledgerLookup` gives beside the columns that were asked for. */
export interface LookedUpRow {
  readonly known_id: string;
  /** Milliseconds since 1970. */
  readonly known_at: number;
  readonly is_hot: boolean;
  /** Of an event that is not hot, those that may have it. */
  readonly segments: SegmentsColumn;
}

/**
 * A statement for one event of the ledger, `i`, by project (`$1`) and id (`$2`). What it tells is of one instant, so that an
 * event that is moved meanwhile is in `events e` or in one of the segments, and never in neither.
 */
export function ledgerLookup(columns: string): string {
  // A lateral with a limit: the ledger's time leads into the one partition that can have the row.
  return `SELECT i.event_id AS known_id, (extract(epoch FROM i.occurred_at) * 1000)::float8 AS known_at,
      e.event_id IS NOT NULL AS is_hot, ${columns},
      CASE WHEN e.event_id IS NULL THEN
        ${segmentsOf('i.project_id', ['i.occurred_at BETWEEN s.min_occurred_at AND s.max_occurred_at'])} END AS segments
    FROM event_ids i
    LEFT JOIN LATERAL (
      SELECT * FROM events
      WHERE project_id = i.project_id AND occurred_at = i.occurred_at AND event_id = i.event_id LIMIT 1
    ) e ON true
    WHERE i.project_id = $1 AND i.event_id = $2`;
}
