/** How long the statistics and the pages of the list take, over stored events that are made by statements. */
import { Agent, request } from 'node:http';
import { createRequire } from 'node:module';
import { LatencyHistogram } from '../client/latency-histogram.mjs';

const require = createRequire(import.meta.url);

const DAYS = 30;
const USERS = 100_000;
/** Picks of a day: with each out of all users, 10,057 of them are different. */
const PICKS = 10_600;
const NAMES = 200;
/** One row in so many has the name and the source that hardly any has. */
const RARELY = 400_000;
const CHUNK = 250_000;
const PAGES = 1000;
const ASKED = 500;
/** The migration that makes the tables of the statistics, and fills them with what is stored. */
const STATISTICS_MIGRATION = 1_795_392_000_000;

/** Longer than a statement of the service may take. */
export async function unlimited(database, sql) {
  await database.transaction(async (tx) => {
    await tx.query('SET LOCAL statement_timeout = 0');
    await tx.query('SET LOCAL transaction_timeout = 0');
    await tx.query(sql);
  });
}

/** Spread evenly over some days, 30 up to now unless told otherwise, oldest first. The ledger stays empty. */
export async function addEvents(database, rows, { oldest, newest } = { oldest: DAYS, newest: 0 }) {
  const { EventPartitions } = require('../../dist/libs/persistence/src/index.js');
  await new EventPartitions(database).ensure(new Date());
  for (let from = 1; from <= rows; from += CHUNK) {
    const to = Math.min(from + CHUNK - 1, rows);
    await unlimited(
      database,
      `INSERT INTO events (project_id, event_id, occurred_at, received_at, name, source, user_id, amount, data)
       SELECT 1, gen_random_uuid(), at, at,
         CASE n % ${RARELY} WHEN 7 THEN 'event.rare' ELSE 'event.' || floor(${NAMES} * power(random(), 3))::int END,
         CASE n % ${RARELY} WHEN 9 THEN 'rare' ELSE (ARRAY['web', 'app', 'shop'])[1 + n % 3] END,
         'user-' || (hashint4(extract(epoch FROM at)::int / 86400 * 65537 + n % ${PICKS}) & 2147483647) % ${USERS},
         (n % 10000) * 0.01, '{"page": "/products/1"}'
       FROM generate_series(${from}, ${to}) AS n,
         LATERAL (SELECT date_trunc('milliseconds', now() - interval '1 day' * (${newest} + ${oldest - newest} * (1 - n::float8 / ${rows})))) AS moment (at)`,
    );
  }
}

/** Fills a database as a service has it that was brought up to date after so many events: by the migrations themselves. */
export async function fill(database, add) {
  const { migrateDown, migrateUp } = require('../../dist/libs/persistence/src/index.js');
  const [{ steps }] = await database.query(
    `SELECT count(*)::int AS steps FROM migrations WHERE "timestamp" >= ${STATISTICS_MIGRATION}`,
  );
  await migrateDown(database, steps);
  await add();
  const started = performance.now();
  await migrateUp(database);
  const migrationSeconds = Number(((performance.now() - started) / 1000).toFixed(1));
  // What autovacuum does by and by.
  for (const { name } of await database.query(`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`)) {
    await unlimited(database, `ANALYZE ${name}`);
  }
  return migrationSeconds;
}

export async function sizes(database) {
  const [row] = await database.query(
    `SELECT (SELECT count(*) FROM users)::int AS users, (SELECT max(users) FROM day_users)::int AS users_of_a_day,
       (SELECT count(*) FROM user_days)::int AS user_days, (SELECT count(DISTINCT name) FROM month_metrics)::int AS names,
       (SELECT count(*) FROM minute_metrics)::int AS minute_rows,
       (SELECT count(*) FROM retention_counts)::int AS retention_rows`,
  );
  return row;
}

export class Reader {
  #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #options;

  constructor(url, key) {
    const { hostname, port } = new URL(url);
    this.#options = { hostname, port, agent: this.#agent, headers: { 'X-API-Key': key } };
  }

  /** @returns the answer and how long it took to its last byte. */
  async get(path) {
    const started = performance.now();
    const text = await new Promise((resolve, reject) => {
      const sent = request({ ...this.#options, path }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => {
          const body = Buffer.concat(chunks);
          if (response.statusCode === 200) resolve(body);
          else reject(new Error(`${path} is answered ${response.statusCode}: ${body}`));
        });
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end();
    });
    return { ms: performance.now() - started, text };
  }

  close() {
    this.#agent.destroy();
  }
}

function summary(histogram) {
  return { p50_ms: histogram.ms(0.5), p99_ms: histogram.ms(0.99) };
}

/** @param paths asked one after the other, again and again. */
export async function ask(reader, paths, times = ASKED) {
  const histogram = new LatencyHistogram();
  let bytes = 0;
  for (let count = 0; count < times; count += 1) {
    const { ms, text } = await reader.get(paths[count % paths.length]);
    histogram.add(ms);
    bytes = text.length;
  }
  return { ...summary(histogram), bytes };
}

function dayBefore(days) {
  return new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
}

/** What is asked for, by what it says of itself. */
export function questions() {
  const cohort = dayBefore(DAYS - 1);
  const stats = '/api/v1/stats';
  return {
    'dau 30 days': `${stats}/dau`,
    'dau 36,600 days filled': `${stats}/dau?from=${dayBefore(36_599)}&fill=zero`,
    'top-events 30 days': `${stats}/top-events`,
    'top-events 36,600 days, limit 1000': `${stats}/top-events?from=${dayBefore(36_599)}&limit=1000`,
    'retention active, 30 windows': `${stats}/retention?start_date=${cohort}&windows=30`,
    'retention new, 366 windows': `${stats}/retention?start_date=${cohort}&windows=366&cohort=new`,
    'per-minute 60': `${stats}/per-minute`,
    'per-minute 60, one name': `${stats}/per-minute?name=event.0`,
    'per-minute 10,080': `${stats}/per-minute?minutes=10080`,
    'per-minute 10,080, one name': `${stats}/per-minute?minutes=10080&name=event.0`,
  };
}

/** First pages by what they leave out: what every second row has, what one row in 400,000 has, what none has. */
function filters() {
  return {
    'a name of many': 'name=event.0',
    'a rare name': 'name=event.rare',
    'a name of none': 'name=event.none',
    'a user': 'user_id=user-7',
    'a source of a third': 'source=web',
    'a rare source': 'source=rare',
    'a name and a source': 'name=event.0&source=web',
    'a rare name and a source that has it not': 'name=event.rare&source=rare',
    'a user and a name': 'user_id=user-7&name=event.0',
    'a day of the past': `from=${dayBefore(20)}&to=${dayBefore(19)}`,
    'a rare name on a day': `name=event.rare&from=${dayBefore(20)}&to=${dayBefore(19)}`,
  };
}

/** The first page, the way through a thousand of them by `next_cursor`, and the last of those again and again. */
export async function pages(reader, report) {
  const list = '/api/v1/events?limit=20';
  report('list, first page', await ask(reader, [list]));
  const onTheWay = new LatencyHistogram();
  let path = list;
  for (let page = 0; page < PAGES; page += 1) {
    const { ms, text } = await reader.get(path);
    onTheWay.add(ms);
    path = `${list}&cursor=${JSON.parse(text).next_cursor}`;
  }
  report(`list, pages 1 to ${PAGES}`, summary(onTheWay));
  report(`list, page ${PAGES + 1}`, await ask(reader, [path]));
  for (const [filter, query] of Object.entries(filters())) {
    report(`list, ${filter}`, await ask(reader, [`${list}&${query}`]));
  }
}

/** Prints p50 and p99 of every question, asked one after the other over one connection, and returns how much there was. */
export async function measureStatistics(service, { rows }) {
  const migrationSeconds = await fill(service.database, () => addEvents(service.database, rows));
  const url = await service.startApi();
  const reader = new Reader(url, service.key);
  const report = (question, figures) => process.stdout.write(`${JSON.stringify({ rows, question, ...figures })}\n`);
  for (const [question, path] of Object.entries(questions())) {
    await ask(reader, [path], 50); // code is compiled, plans and pages are cached
    report(question, await ask(reader, [path]));
  }
  await pages(reader, report);
  reader.close();
  const figures = { rows, migration_s: migrationSeconds, ...(await sizes(service.database)) };
  await service.stop();
  return figures;
}
