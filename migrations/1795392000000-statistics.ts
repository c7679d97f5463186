import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Numbers kept ready: what is counted per minute, day and month, who was there on which day, and who came back. */
export class Statistics1795392000000 implements MigrationInterface {
  readonly name = 'Statistics1795392000000';

  async up(runner: QueryRunner): Promise<void> {
    // First, and a rename: it waits for the transactions that store, keeps others out until the rows below are counted,
    // and a consumer that does not know the rollups finds the name gone and waits for ever, instead of storing events
    // that are in no number.
    await runner.query('ALTER TABLE consumer_positions RENAME COLUMN first_offset TO counted_from');
    await createMetrics(runner);
    await createUsers(runner);
    await fillMetrics(runner);
    await fillUsers(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE consumer_positions RENAME COLUMN counted_from TO first_offset');
    await runner.query('DROP TABLE retention_counts, day_users, user_days, users');
    await runner.query('DROP TABLE day_names, month_metrics, day_metrics, minute_metrics, minute_totals');
  }
}

/**
 * The rows of now change with every transaction. Room in the page keeps those updates off the index, and lets the next
 * one use it again.
 */
const CHANGES_OFTEN = 'fillfactor = 50';

async function createMetrics(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE minute_totals (
      minute timestamptz NOT NULL,
      event_count bigint NOT NULL,
      project_id integer NOT NULL,
      total_amount numeric NOT NULL,
      CONSTRAINT minute_totals_pkey PRIMARY KEY (project_id, minute)
    ) WITH (${CHANGES_OFTEN})`);
  await createMetricsPer(runner, 'minute', 'timestamptz');
  await createMetricsPer(runner, 'day', 'date');
  await createMetricsPer(runner, 'month', 'date');
  await runner.query(`
    CREATE TABLE day_names (
      project_id integer NOT NULL,
      day date NOT NULL,
      names integer NOT NULL,
      CONSTRAINT day_names_pkey PRIMARY KEY (project_id, day)
    ) WITH (${CHANGES_OFTEN})`);
}

async function createMetricsPer(runner: QueryRunner, unit: string, type: string): Promise<void> {
  await runner.query(`
    CREATE TABLE ${unit}_metrics (
      event_count bigint NOT NULL,
      ${unit} ${type} NOT NULL,
      project_id integer NOT NULL,
      name text COLLATE "C" NOT NULL,
      total_amount numeric NOT NULL,
      CONSTRAINT ${unit}_metrics_pkey PRIMARY KEY (project_id, ${unit}, name)
    ) WITH (${CHANGES_OFTEN})`);
}

async function createUsers(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE users (
      project_id integer NOT NULL,
      first_day date NOT NULL,
      user_id text COLLATE "C" NOT NULL,
      CONSTRAINT users_pkey PRIMARY KEY (project_id, user_id)
    )`);
  await runner.query(`
    CREATE TABLE user_days (
      project_id integer NOT NULL,
      day date NOT NULL,
      user_id text COLLATE "C" NOT NULL,
      CONSTRAINT user_days_pkey PRIMARY KEY (project_id, user_id, day)
    )`);
  await runner.query(`
    CREATE TABLE day_users (
      users bigint NOT NULL,
      new_users bigint NOT NULL,
      project_id integer NOT NULL,
      day date NOT NULL,
      CONSTRAINT day_users_pkey PRIMARY KEY (project_id, day)
    ) WITH (${CHANGES_OFTEN})`);
  await runner.query(`
    CREATE TABLE retention_counts (
      active_users bigint NOT NULL,
      new_users bigint NOT NULL,
      project_id integer NOT NULL,
      start_day date NOT NULL,
      days_later smallint NOT NULL,
      CONSTRAINT retention_counts_pkey PRIMARY KEY (project_id, start_day, days_later),
      CONSTRAINT retention_counts_days_check CHECK (days_later BETWEEN 1 AND 365)
    ) WITH (${CHANGES_OFTEN})`);
}

/** The first 1000 names of a day, in the order of the alphabet, get a row of their own; '' is all others. */
async function fillMetrics(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TEMPORARY TABLE named_days AS
    SELECT project_id, day, name, event_count, total_amount,
      CASE WHEN row_number() OVER (PARTITION BY project_id, day ORDER BY name) <= 1000 THEN name ELSE '' END AS row_name
    FROM (
      SELECT project_id, (occurred_at AT TIME ZONE 'UTC')::date AS day, name, count(*) AS event_count,
        coalesce(sum(amount), 0) AS total_amount
      FROM events GROUP BY 1, 2, 3
    ) AS counted`);
  await runner.query(`
    INSERT INTO day_metrics (project_id, day, name, event_count, total_amount)
    SELECT project_id, day, row_name, sum(event_count), sum(total_amount) FROM named_days GROUP BY 1, 2, 3`);
  await runner.query(`
    INSERT INTO day_names (project_id, day, names)
    SELECT project_id, day, count(*) FROM day_metrics WHERE name <> '' GROUP BY 1, 2`);
  await runner.query(`
    INSERT INTO month_metrics (project_id, month, name, event_count, total_amount)
    SELECT project_id, date_trunc('month', day::timestamp)::date, name, sum(event_count), sum(total_amount)
    FROM day_metrics GROUP BY 1, 2, 3`);
  await runner.query(`
    INSERT INTO minute_metrics (project_id, minute, name, event_count, total_amount)
    SELECT e.project_id, date_trunc('minute', e.occurred_at, 'UTC'), n.row_name, count(*), coalesce(sum(e.amount), 0)
    FROM events e JOIN named_days n
      ON n.project_id = e.project_id AND n.day = (e.occurred_at AT TIME ZONE 'UTC')::date AND n.name = e.name
    WHERE e.occurred_at >= date_trunc('day', now(), 'UTC') - interval '7 days'
    GROUP BY 1, 2, 3`);
  await runner.query(`
    INSERT INTO minute_totals (project_id, minute, event_count, total_amount)
    SELECT project_id, minute, sum(event_count), sum(total_amount) FROM minute_metrics GROUP BY 1, 2`);
  await runner.query('DROP TABLE named_days');
}

async function fillUsers(runner: QueryRunner): Promise<void> {
  await runner.query(`
    INSERT INTO user_days (project_id, user_id, day)
    SELECT DISTINCT project_id, user_id, (occurred_at AT TIME ZONE 'UTC')::date FROM events WHERE user_id IS NOT NULL`);
  await runner.query(`
    INSERT INTO users (project_id, user_id, first_day)
    SELECT project_id, user_id, min(day) FROM user_days GROUP BY 1, 2`);
  await runner.query(`
    INSERT INTO day_users (project_id, day, users, new_users)
    SELECT d.project_id, d.day, count(*), count(*) FILTER (WHERE d.day = u.first_day)
    FROM user_days d JOIN users u USING (project_id, user_id) GROUP BY 1, 2`);
  await runner.query(`
    INSERT INTO retention_counts (project_id, start_day, days_later, active_users, new_users)
    SELECT d.project_id, d.day, later.day - d.day, count(*), count(*) FILTER (WHERE d.day = u.first_day)
    FROM user_days d
      JOIN user_days later ON later.project_id = d.project_id AND later.user_id = d.user_id
        AND later.day > d.day AND later.day <= d.day + 365
      JOIN users u ON u.project_id = d.project_id AND u.user_id = d.user_id
    GROUP BY 1, 2, 3`);
}
