/** One user who is everywhere is erased while the user's events keep coming: how long that takes, and whether any byte of the id is left. */
import { setTimeout as delay } from 'node:timers/promises';
import { archive } from './cold.mjs';
import { traces } from './erase-traces.mjs';
import { addEvents, fill, Reader, unlimited } from './stats.mjs';

/** In no other text, and in no part of one. */
const USER = 'erased-4711@example.org';
const OLD = { oldest: 400, newest: 9 };
const HOT = { oldest: 5, newest: 1 };
/** Of the events of a file, one in so many is the user's. */
const ONE_IN = 20_000;
const HOT_EVENTS = 500;
const DEAD_LETTERS = 100;
const POST_EVERY_MS = 20;
const CONSUMERS = 2;
const LIMIT_MS = 600_000;

async function addUser(database, count, { oldest, newest }) {
  await unlimited(
    database,
    `INSERT INTO events (project_id, event_id, occurred_at, received_at, name, source, user_id, amount, data)
     SELECT 1, gen_random_uuid(), at, at, 'event.' || n % 200, 'web', '${USER}', 0.01, '{"page": "/products/1"}'
     FROM generate_series(1, ${count}) AS n,
       LATERAL (SELECT date_trunc('milliseconds', now() - interval '1 day' * (${newest} + ${oldest - newest} * ((n - 0.5) / ${count})))) AS moment (at)`,
  );
}

/** What a consumer leaves beside the events. */
async function addTraces(database) {
  await database.query(
    `INSERT INTO event_ids (project_id, event_id, occurred_at, partition, "offset")
     SELECT project_id, event_id, occurred_at, 0, 0 FROM events WHERE user_id = '${USER}'`,
  );
  await database.query(
    `INSERT INTO dead_letters (project_id, topic, partition, "offset", key, value, headers, stage, reason, detail)
     SELECT 1, 'elsewhere', 0, n, convert_to('1:${USER}', 'UTF8'), convert_to('{"user_id": "${USER}"', 'UTF8'), '{}', 'decode', 'malformed', ''
     FROM generate_series(1, ${DEAD_LETTERS}) AS n`,
  );
}

/** The user goes on, whatever happens. @returns counts what was acknowledged; `stop` resolves after the last answer. */
function post({ url, key }) {
  const posting = { acknowledged: 0, stopped: false };
  const one = async () => {
    const body = JSON.stringify({ name: 'still.there', user_id: USER });
    const headers = { 'x-api-key': key, 'content-type': 'application/json' };
    const { status } = await fetch(`${url}/api/v1/events`, { method: 'POST', headers, body });
    if (status !== 202) throw new Error(`a post was answered ${status}`);
    posting.acknowledged += 1;
  };
  const running = (async () => {
    const startedAt = performance.now();
    for (let n = 0; !posting.stopped; n += 1) {
      await one();
      await delay(Math.max(0, startedAt + n * POST_EVERY_MS - performance.now()));
    }
  })();
  // Told by `stop`.
  running.catch(() => undefined);
  posting.stop = async () => {
    posting.stopped = true;
    await running;
  };
  return posting;
}

async function until(what, condition) {
  const deadline = performance.now() + LIMIT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen`);
    await delay(200);
  }
}

function inSeconds(used) {
  return Object.fromEntries(Object.entries(used).map(([name, us]) => [name, Number((us / 1e6).toFixed(1))]));
}

/** @param from the user's posted events are younger. @returns seconds until no list has anything of before the request, and until it is done. */
async function erase({ url, key }, from, meter) {
  const reader = new Reader(url, key);
  const read = async (path) => JSON.parse((await reader.get(path)).text);
  const startedAt = performance.now();
  const seconds = () => Number(((performance.now() - startedAt) / 1000).toFixed(1));
  const user = encodeURIComponent(USER);
  const response = await fetch(`${url}/api/v1/users/${user}`, { method: 'DELETE', headers: { 'x-api-key': key } });
  if (response.status !== 202) throw new Error(`the erasure was answered ${response.status}`);
  const { erasure_id: id } = await response.json();
  const list = `/api/v1/events?limit=1&user_id=${user}&to=${from.toISOString()}`;
  // A page among old events may end early, and empty.
  await until('the last event to go', async () => {
    const { data, next_cursor: next } = await read(list);
    return data.length === 0 && next === null;
  });
  const gone = { gone_s: seconds(), cpu_s: inSeconds(meter.used()) };
  let erasure;
  await until('the end of the erasure', async () => {
    erasure = await read(`/api/v1/erasures/${id}`);
    return erasure.status === 'done' || erasure.status === 'failed';
  });
  reader.close();
  if (erasure.status !== 'done') throw new Error('the erasure has failed');
  return { ...gone, done_s: seconds(), removed: erasure.removed };
}

/** @throws when the erasure has left something of before, or taken something of after. @returns what of the posted is there. */
async function requireSplit({ database }, acknowledged, removedPosted) {
  const [events] = await database.query(
    `SELECT count(*)::int AS kept, count(*) FILTER (WHERE received_at < (SELECT max(before) FROM erasures))::int AS left
     FROM events WHERE user_id = '${USER}'`,
  );
  const [{ refused }] = await database.query('SELECT sum(erased)::int AS refused FROM consumer_positions');
  const split = { posted: acknowledged, removed: removedPosted, refused, kept: events.kept };
  if (events.left > 0 || events.kept === 0 || removedPosted + refused + events.kept !== acknowledged) {
    throw new Error(`${events.left} events of before the erasure are left: ${JSON.stringify(split)}`);
  }
  return split;
}

async function consumed({ database }) {
  const [row] = await database.query(
    'SELECT coalesce(sum(stored + duplicate + dead + erased), 0)::int AS records FROM consumer_positions',
  );
  return row.records;
}

/** Old and young events and dead letters of the user among others', and the files of old events. @returns what moving took. */
async function prepare(bench, service, old) {
  const { rows } = bench.options;
  await fill(service.database, async () => {
    await addEvents(service.database, rows - old, OLD);
    await addUser(service.database, old, OLD);
    await addUser(service.database, HOT_EVENTS, HOT);
  });
  await addTraces(service.database);
  return archive(bench, service, rows);
}

/** Fails when something of the user is left anywhere. */
export async function measureErasure(bench) {
  const { rows } = bench.options;
  const service = await bench.service();
  service.secret = USER;
  const old = Math.max(1, Math.floor(rows / ONE_IN));
  const moved = await prepare(bench, service, old);
  const api = { url: await service.startApi(), key: service.key };
  await service.startConsumers(CONSUMERS);
  const from = new Date();
  const posting = post(api);
  await until('the first of the posted events to be stored', async () => (await service.stored()) > 0);
  const meter = bench.meter(service, ['archiver', 'postgres']);
  meter.forgetPeaks();
  const { removed, ...took } = await erase(api, from, meter);
  const figures = {
    rows,
    files: moved.files,
    ...took,
    peak_mb: meter.peakMb(),
    moving_peak_mb: moved.peak_mb,
    removed,
  };
  if (removed.cold !== old || removed.hot < HOT_EVENTS || removed.dead_letters !== DEAD_LETTERS) {
    throw new Error(`not all of the user is removed: ${JSON.stringify(figures)}`);
  }
  await posting.stop();
  await until('the last event to be stored', async () => (await consumed(service)) === posting.acknowledged);
  const split = await requireSplit(service, posting.acknowledged, removed.hot - HOT_EVENTS);
  // What came after the first request goes too, so that the id should be nowhere.
  await erase(api, new Date(), meter);
  const { found, afterVacuum } = await traces(service, bench.servers.postgres.logFile, USER);
  await service.stop();
  found.push(...service.leaks);
  if (found.length > 0) throw new Error(`the id is in ${found.join(', ')}: ${JSON.stringify(figures)}`);
  return { ...figures, split, in_free_space: afterVacuum };
}
