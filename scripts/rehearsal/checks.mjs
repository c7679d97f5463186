import { setTimeout as delay } from 'node:timers/promises';
import { lines } from './compose.mjs';

const LIMIT_MS = 120_000;
const POLL_MS = 1000;

/** Tells what it found and ends the rehearsal where that is not what was promised. */
export function expectThat(holds, what) {
  console.log(`${holds ? 'ok' : 'NOT OK'}  ${what}`);
  if (!holds) throw new Error(`not as promised: ${what}`);
}

/** Polls until `test` finds the value as it should be; returns the last one in any case. */
export async function eventually(read, test) {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const value = await read();
    if (test(value) || Date.now() > deadline) return value;
    await delay(POLL_MS);
  }
}

/** What Kafka says of the group: partitions of each member, and the records that nobody has read. */
export async function groupOf(compose, broker) {
  const tool = '/opt/kafka/bin/kafka-consumer-groups.sh';
  const args = ['--bootstrap-server', `${broker}:9092`, '--describe', '--group', 'millrace-consumer'];
  const answer = await compose.run(['exec', '-T', broker, tool, ...args]).catch(() => '');
  const rows = lines(answer).map((line) => line.trim().split(/\s+/));
  const members = {};
  let lag = 0;
  // GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID
  for (const [, , , , , behind, member] of rows.filter((row) => row[1] === 'events.v1')) {
    lag += Number(behind) || 0;
    if (member !== undefined && member !== '-') members[member] = (members[member] ?? 0) + 1;
  }
  return { shares: Object.values(members).sort((a, b) => a - b), lag };
}

/** In PostgreSQL and in files, of one snapshot. */
export async function countEvents(compose) {
  const [[count]] = await compose.sql(
    `SELECT (SELECT count(*) FROM events) +
       (SELECT coalesce(sum(row_count), 0) FROM cold_segments WHERE state = 'committed')`,
  );
  return Number(count);
}

/** Events that are old and not in a file yet. */
export async function countOldRows(compose) {
  const [[count]] = await compose.sql(
    `SELECT count(*) FROM events WHERE occurred_at < date_trunc('day', now(), 'UTC') - interval '168 h'`,
  );
  return Number(count);
}

/** How many of these ids are stored, and in how many rows. */
export async function storedOf(compose, ids) {
  const [[stored, rows]] = await compose.sql(
    `CREATE TEMP TABLE sent (id uuid);\nCOPY sent FROM STDIN;\n${ids.join('\n')}\n\\.\n` +
      'SELECT count(DISTINCT event_id), count(*) FROM events WHERE event_id IN (SELECT id FROM sent);\n',
  );
  return { stored: Number(stored), rows: Number(rows) };
}

/** Offsets that consumers passed without an outcome, over all partitions. */
export async function unaccounted(compose) {
  const [[count]] = await compose.sql(
    'SELECT sum(next_offset - counted_from - stored - duplicate - dead - erased) FROM consumer_positions',
  );
  return Number(count);
}

/** Addresses that Prometheus scrapes with success, by job. */
export async function scraped(port) {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=up`);
  const { data } = await response.json();
  const up = data.result.filter(({ value }) => value[1] === '1');
  const count = (job) => up.filter(({ metric }) => metric.job === job).length;
  return { api: count('api'), consumer: count('consumer') };
}
