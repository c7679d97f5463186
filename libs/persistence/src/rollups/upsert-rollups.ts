import { int4Array, int8Array, textArray, timestamptzArray } from '../binary-array';
import type { Prepared, Transaction } from '../database';
import type { MetricDeltas } from './count-events';
import type { SpanRow } from './span-counts';
import type { ActivityDeltas } from './user-activity';

/**
 * These rows are the ones that all consumers meet on: each waits for the other's COMMIT from here on, so they come last,
 * and in as few statements as can be: parsing and planning one of these takes longer than running it.
 *
 * PostgreSQL does not say in which order the parts of a WITH run, only that each runs once and to its end. It is the
 * same order for every execution of the same statement, and within a part that of the arrays, which are sorted: nobody
 * waits in a circle.
 */
const UPSERT_METRICS: Prepared = {
  name: 'upsert-metrics',
  sql: `WITH
  minutes AS (
    INSERT INTO minute_metrics AS t (project_id, minute, name, event_count, total_amount)
    SELECT u.project_id, u.minute, u.name, u.event_count, u.amount::numeric
    FROM unnest($5::int4[], $6::timestamptz[], $7::text[], $8::int8[], $9::text[])
      AS u(project_id, minute, name, event_count, amount)
    ON CONFLICT (project_id, minute, name) DO UPDATE ${addMetric()}
  ),
  days AS (
    INSERT INTO day_metrics AS t (project_id, day, name, event_count, total_amount)
    SELECT u.project_id, date '1970-01-01' + u.day, u.name, u.event_count, u.amount::numeric
    FROM unnest($10::int4[], $11::int4[], $12::text[], $13::int8[], $14::text[])
      AS u(project_id, day, name, event_count, amount)
    ON CONFLICT (project_id, day, name) DO UPDATE ${addMetric()}
  ),
  months AS (
    INSERT INTO month_metrics AS t (project_id, month, name, event_count, total_amount)
    SELECT u.project_id, date '1970-01-01' + u.month, u.name, u.event_count, u.amount::numeric
    FROM unnest($15::int4[], $16::int4[], $17::text[], $18::int8[], $19::text[])
      AS u(project_id, month, name, event_count, amount)
    ON CONFLICT (project_id, month, name) DO UPDATE ${addMetric()}
  )
  INSERT INTO minute_totals AS t (project_id, minute, event_count, total_amount)
  SELECT u.project_id, u.minute, u.event_count, u.amount::numeric
  FROM unnest($1::int4[], $2::timestamptz[], $3::int8[], $4::text[]) AS u(project_id, minute, event_count, amount)
  ON CONFLICT (project_id, minute) DO UPDATE ${addMetric()}`,
};

const UPSERT_ACTIVITY: Prepared = {
  name: 'upsert-activity',
  sql: `WITH
  retention AS (
    INSERT INTO retention_counts AS t (project_id, start_day, days_later, active_users, new_users)
    SELECT u.project_id, date '1970-01-01' + u.start_day, u.days_later, u.active_users, u.new_users
    FROM unnest($5::int4[], $6::int4[], $7::int4[], $8::int8[], $9::int8[])
      AS u(project_id, start_day, days_later, active_users, new_users)
    ON CONFLICT (project_id, start_day, days_later) DO UPDATE
    SET active_users = t.active_users + excluded.active_users, new_users = t.new_users + excluded.new_users
  )
  INSERT INTO day_users AS t (project_id, day, users, new_users)
  SELECT u.project_id, date '1970-01-01' + u.day, u.users, u.new_users
  FROM unnest($1::int4[], $2::int4[], $3::int8[], $4::int8[]) AS u(project_id, day, users, new_users)
  ON CONFLICT (project_id, day) DO UPDATE
  SET users = t.users + excluded.users, new_users = t.new_users + excluded.new_users`,
};

function addMetric(): string {
  return 'SET event_count = t.event_count + excluded.event_count, total_amount = t.total_amount + excluded.total_amount';
}

/** Nobody is new in most batches. */
export async function upsertActivity(tx: Transaction, { dayUsers, retention }: ActivityDeltas): Promise<void> {
  if (dayUsers.length === 0) return;
  await tx.execute(UPSERT_ACTIVITY, [
    projectsOf(dayUsers),
    int4Array(dayUsers, ({ day }) => day),
    int8Array(dayUsers, ({ users }) => users),
    int8Array(dayUsers, ({ newUsers }) => newUsers),
    projectsOf(retention),
    int4Array(retention, ({ startDay }) => startDay),
    int4Array(retention, ({ daysLater }) => daysLater),
    int8Array(retention, ({ activeUsers }) => activeUsers),
    int8Array(retention, ({ newUsers }) => newUsers),
  ]);
}

export async function upsertMetrics(tx: Transaction, metrics: MetricDeltas): Promise<void> {
  const { minuteTotals, minutes, days, months } = metrics;
  await tx.execute(UPSERT_METRICS, [
    ...[projectsOf(minuteTotals), minutesOf(minuteTotals), ...talliesOf(minuteTotals)],
    ...[projectsOf(minutes), minutesOf(minutes), namesOf(minutes), ...talliesOf(minutes)],
    ...[projectsOf(days), daysOf(days), namesOf(days), ...talliesOf(days)],
    ...[projectsOf(months), daysOf(months), namesOf(months), ...talliesOf(months)],
  ]);
}

function projectsOf(rows: readonly { readonly projectId: number }[]): Buffer {
  return int4Array(rows, ({ projectId }) => projectId);
}

function minutesOf(rows: readonly SpanRow[]): Buffer {
  return timestamptzArray(rows, ({ start }) => start);
}

function daysOf(rows: readonly SpanRow[]): Buffer {
  return int4Array(rows, ({ start }) => start);
}

function namesOf(rows: readonly SpanRow[]): Buffer {
  return textArray(rows, ({ name }) => name);
}

function talliesOf(rows: readonly SpanRow[]): [counts: Buffer, amounts: Buffer] {
  return [int8Array(rows, ({ tally }) => tally.count), textArray(rows, ({ tally }) => tally.amount.toString())];
}
