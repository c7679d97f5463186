import { int4Array, textArray, timestamptzArray } from '../binary-array';
import type { Queryable } from '../database';
import type { MetricDeltas } from './count-events';
import type { SpanRow } from './span-counts';
import type { ActivityDeltas } from './user-activity';

/** Removes of these rows, which the transaction has changed before and so holds, those that count nothing any more. */
export async function removeEmptyMetrics(tx: Queryable, metrics: MetricDeltas): Promise<void> {
  const { minuteTotals, minutes, days, months } = metrics;
  const minutesOf = (rows: readonly SpanRow[]): Buffer => timestamptzArray(rows, ({ start }) => start);
  await tx.query(
    `DELETE FROM minute_totals t USING unnest($1::int4[], $2::timestamptz[]) AS u(project_id, minute)
     WHERE t.project_id = u.project_id AND t.minute = u.minute AND t.event_count <= 0`,
    [projectsOf(minuteTotals), minutesOf(minuteTotals)],
  );
  await tx.query(
    `DELETE FROM minute_metrics t USING unnest($1::int4[], $2::timestamptz[], $3::text[]) AS u(project_id, minute, name)
     WHERE t.project_id = u.project_id AND t.minute = u.minute AND t.name = u.name AND t.event_count <= 0`,
    [projectsOf(minutes), minutesOf(minutes), namesOf(minutes)],
  );
  await tx.query(
    `DELETE FROM month_metrics t USING unnest($1::int4[], $2::int4[], $3::text[]) AS u(project_id, month, name)
     WHERE t.project_id = u.project_id AND t.month = date '1970-01-01' + u.month AND t.name = u.name
       AND t.event_count <= 0`,
    [projectsOf(months), daysOf(months), namesOf(months)],
  );
  await removeEmptyDays(tx, days);
}

/**
 * The days of the names are locked. A row that is gone makes room for another name, but not where names are counted under
 * '': one of those would get the room, and be in both.
 */
async function removeEmptyDays(tx: Queryable, days: readonly SpanRow[]): Promise<void> {
  await tx.query(
    `DELETE FROM day_metrics t USING unnest($1::int4[], $2::int4[], $3::text[]) AS u(project_id, day, name)
     WHERE t.project_id = u.project_id AND t.day = date '1970-01-01' + u.day AND t.name = u.name AND t.event_count <= 0`,
    [projectsOf(days), daysOf(days), namesOf(days)],
  );
  const left = 'SELECT FROM day_metrics m WHERE m.project_id = d.project_id AND m.day = d.day';
  await tx.query(
    `UPDATE day_names d SET names = (
       SELECT count(*) FROM day_metrics m WHERE m.project_id = d.project_id AND m.day = d.day
     )
     FROM (SELECT DISTINCT * FROM unnest($1::int4[], $2::int4[])) AS u(project_id, day)
     WHERE d.project_id = u.project_id AND d.day = date '1970-01-01' + u.day AND NOT EXISTS (${left} AND m.name = '')`,
    [projectsOf(days), daysOf(days)],
  );
  await tx.query(
    `DELETE FROM day_names d USING (SELECT DISTINCT * FROM unnest($1::int4[], $2::int4[])) AS u(project_id, day)
     WHERE d.project_id = u.project_id AND d.day = date '1970-01-01' + u.day AND NOT EXISTS (${left})`,
    [projectsOf(days), daysOf(days)],
  );
}

export async function removeEmptyActivity(tx: Queryable, { dayUsers, retention }: ActivityDeltas): Promise<void> {
  if (dayUsers.length === 0) return;
  await tx.query(
    `DELETE FROM day_users t USING unnest($1::int4[], $2::int4[]) AS u(project_id, day)
     WHERE t.project_id = u.project_id AND t.day = date '1970-01-01' + u.day AND t.users <= 0`,
    [projectsOf(dayUsers), int4Array(dayUsers, ({ day }) => day)],
  );
  await tx.query(
    `DELETE FROM retention_counts t USING unnest($1::int4[], $2::int4[], $3::int4[]) AS u(project_id, start_day, days_later)
     WHERE t.project_id = u.project_id AND t.start_day = date '1970-01-01' + u.start_day
       AND t.days_later = u.days_later AND t.active_users <= 0`,
    [
      projectsOf(retention),
      int4Array(retention, ({ startDay }) => startDay),
      int4Array(retention, ({ daysLater }) => daysLater),
    ],
  );
}

function projectsOf(rows: readonly { readonly projectId: number }[]): Buffer {
  return int4Array(rows, ({ projectId }) => projectId);
}

function daysOf(rows: readonly SpanRow[]): Buffer {
  return int4Array(rows, ({ start }) => start);
}

function namesOf(rows: readonly SpanRow[]): Buffer {
  return textArray(rows, ({ name }) => name);
}
