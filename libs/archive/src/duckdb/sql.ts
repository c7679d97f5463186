import type { RowPlace } from '../row-tally';
import { quoted } from './engine';

export const ORDER = 'project_id, occurred_at, event_id';

/** @param options of read_parquet. */
export function parquet(paths: readonly string[], ...options: readonly string[]): string {
  return `read_parquet(${[`[${paths.map(quoted).join(', ')}]`, ...options].join(', ')})`;
}

/** @param text UTC. */
export function timestampOf(text: string): string {
  return `TIMESTAMP ${quoted(text)}`;
}

/** Rows from one key on, up to before another one, in the order of the file. */
export function between(from: RowPlace | undefined, to: RowPlace | undefined): string {
  const conditions = [from && `NOT ${before(from)}`, to && before(to)].filter((each) => each !== undefined);
  return conditions.length === 0 ? 'true' : conditions.join(' AND ');
}

function before({ projectId, occurredAt, eventId }: RowPlace): string {
  const at = timestampOf(occurredAt);
  const inTime = `occurred_at < ${at} OR (occurred_at = ${at} AND event_id < ${quoted(eventId)}::UUID)`;
  return `(project_id < ${projectId} OR (project_id = ${projectId} AND (${inTime})))`;
}
