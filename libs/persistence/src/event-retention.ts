import type { Queryable } from './database';

/** From which instant on a project keeps its events: the start of a day, UTC. */
export interface RetentionCutoff {
  readonly projectId: number;
  /** `YYYY-MM-DD` */
  readonly day: string;
  readonly from: Date;
}

/** Of projects that do not keep their events for ever. */
export async function retentionCutoffs(database: Queryable): Promise<RetentionCutoff[]> {
  const rows = await database.query<{ id: number; day: string }>(
    `SELECT id, ((now() AT TIME ZONE 'UTC')::date - retention_days)::text AS day
     FROM projects WHERE retention_days IS NOT NULL ORDER BY id`,
  );
  return rows.map(({ id, day }) => ({ projectId: id, day, from: new Date(`${day}T00:00:00Z`) }));
}

/** In the transaction that drops events: from this day on, all events of the project are still there. */
export async function raiseEventsFrom(tx: Queryable, { projectId, day }: RetentionCutoff): Promise<void> {
  await tx.query('UPDATE projects SET events_from = greatest(events_from, $2::date) WHERE id = $1', [projectId, day]);
}
