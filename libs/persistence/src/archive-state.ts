import type { Database } from './database';

/** How far the archiver is. */
export interface ArchiveFigures {
  readonly segments: number;
  /** Events in the files. */
  readonly events: number;
  /** Of the files. */
  readonly bytes: number;
  /** Since when an event is to be moved, in milliseconds since 1970; undefined when there is none. Of each project the earliest event is asked. */
  readonly dueSince: number | undefined;
  readonly erasuresWaiting: number;
}

/** Tells from the tables what is archived and what waits. */
export class ArchiveState {
  constructor(private readonly database: Database) {}

  /** @param afterDays days before today whose events stay. */
  async read(boundary: Date, afterDays: number): Promise<ArchiveFigures> {
    const [row] = await this.database.query<Omit<ArchiveFigures, 'dueSince'> & { readonly dueSince: number | null }>(
      `SELECT
         (SELECT count(*) FROM erasures WHERE status IN ('queued', 'running'))::float8 AS "erasuresWaiting",
         (SELECT (extract(epoch FROM min(due.since)) * 1000)::float8 FROM projects p CROSS JOIN LATERAL (
            SELECT greatest(e.stored_at, e.occurred_at + ($2 + 1) * interval '24 h') AS since FROM events e
            WHERE e.project_id = p.id AND e.occurred_at < $1 ORDER BY e.occurred_at, e.event_id LIMIT 1
          ) due) AS "dueSince",
         files.*
       FROM (
         SELECT count(*)::float8 AS segments, coalesce(sum(row_count), 0)::float8 AS events,
           coalesce(sum(byte_count), 0)::float8 AS bytes
         FROM cold_segments WHERE state = 'committed'
       ) files`,
      [boundary.toISOString(), afterDays],
    );
    if (row === undefined) throw new TypeError('An aggregate gave no row.');
    return { ...row, dueSince: row.dueSince ?? undefined };
  }
}
