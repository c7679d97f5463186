import type { Queryable } from './database';
import { Parameters } from './event-filter';

/** A file that readers may open, and what can be in it. */
export interface CommittedSegment {
  readonly id: string;
  readonly file: string;
  readonly rows: number;
  readonly minProjectId: number;
  readonly maxProjectId: number;
  readonly minOccurredAt: Date;
  readonly maxOccurredAt: Date;
}

/** Segments as one value of a row; null for none. */
export type SegmentsColumn =
  readonly (readonly [string, string, number, number, number, number, number])[] | null | undefined;

/**
 * An expression for the segments `s` that may have events of a project, so that one statement, which sees one instant, reads
 * them together with rows of `events`.
 *
 * @param project an expression, and every one of `bounds` a condition on `s`.
 */
export function segmentsOf(project: string, bounds: readonly string[]): string {
  return segmentsWhere([`${project} BETWEEN s.min_project_id AND s.max_project_id`, ...bounds]);
}

function segmentsWhere(conditions: readonly string[]): string {
  return `(SELECT json_agg(json_build_array(s.id::text, s.file, s.row_count, s.min_project_id, s.max_project_id,
      ${epochMs('s.min_occurred_at')}, ${epochMs('s.max_occurred_at')}) ORDER BY s.id)
    FROM cold_segments s WHERE ${[`s.state = 'committed'`, ...conditions].join(' AND ')})`;
}

export function fromSegmentsColumn(column: SegmentsColumn): CommittedSegment[] {
  return (column ?? []).map(([id, file, rows, minProjectId, maxProjectId, min, max]) => {
    const [minOccurredAt, maxOccurredAt] = [new Date(min), new Date(max)];
    return { id, file, rows, minProjectId, maxProjectId, minOccurredAt, maxOccurredAt };
  });
}

/** The segments that may have events of a project that occurred from `from` on and not after `until`. */
export async function committedSegments(
  database: Queryable,
  projectId: number,
  { from, until }: { readonly from?: Date | undefined; readonly until?: Date | undefined },
): Promise<CommittedSegment[]> {
  const parameters = new Parameters();
  const segments = segmentsOf(parameters.add(projectId), [
    ...(from === undefined ? [] : [`s.max_occurred_at >= ${parameters.add(from.toISOString())}`]),
    ...(until === undefined ? [] : [`s.min_occurred_at <= ${parameters.add(until.toISOString())}`]),
  ]);
  const [row] = await database.query<{ segments: SegmentsColumn }>(`SELECT ${segments} AS segments`, parameters.values);
  return fromSegmentsColumn(row?.segments);
}

/** The whole manifest. */
export async function allSegments(database: Queryable): Promise<CommittedSegment[]> {
  const [row] = await database.query<{ segments: SegmentsColumn }>(`SELECT ${segmentsWhere([])} AS segments`);
  return fromSegmentsColumn(row?.segments);
}

function epochMs(expression: string): string {
  return `(extract(epoch FROM ${expression}) * 1000)::float8`;
}
