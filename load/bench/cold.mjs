/** Old events: what moving them costs, how much smaller files are, and how long reading them takes. */
import { get } from 'node:http';
import { addEvents, ask, fill, pages, questions, Reader, sizes } from './stats.mjs';

/** Years of them, up to the day before the hot window. */
const AGE_DAYS = { oldest: 400, newest: 9 };
const IDS_ASKED = 200;

async function bytesInPostgres(database) {
  const [row] = await database.query(
    `SELECT sum(pg_total_relation_size(relid))::float8 AS bytes FROM pg_partition_tree('events')`,
  );
  return row.bytes;
}

/** The ledger entries of some events, to ask for these by their ids. One in 4096 has an id that begins so. */
async function addSomeIds(database) {
  await database.query(
    `INSERT INTO event_ids (project_id, event_id, occurred_at, partition, "offset")
     SELECT project_id, event_id, occurred_at, 0, 0 FROM events WHERE event_id::text LIKE '000%'`,
  );
  const rows = await database.query(`SELECT event_id::text AS id FROM event_ids LIMIT ${IDS_ASKED}`);
  return rows.map(({ id }) => id);
}

/** Moves all of it by an archiver of its own process. @returns what that took. */
export async function archive(bench, service, rows) {
  const [size] = [await bytesInPostgres(service.database)];
  const started = performance.now();
  const meter = await bench.archiving(service);
  const seconds = (performance.now() - started) / 1000;
  const [files] = await service.database.query(
    `SELECT count(*)::int AS files, sum(byte_count)::float8 AS bytes, sum(row_count)::int AS rows
     FROM cold_segments WHERE state = 'committed'`,
  );
  if (files.rows !== rows) throw new Error(`${files.rows} of ${rows} events are in files`);
  const cpu = meter.used();
  return {
    rows_per_s: Math.round(rows / seconds),
    cpu_us: Object.fromEntries(Object.entries(cpu).map(([name, us]) => [name, Number((us / rows).toFixed(1))])),
    peak_mb: meter.peakMb(),
    files: files.files,
    bytes_a_row: { postgres: Math.round(size / rows), file: Math.round(files.bytes / rows) },
  };
}

async function exported(url, key, path) {
  const started = performance.now();
  const lines = await new Promise((resolve, reject) => {
    get(url + path, { headers: { 'X-API-Key': key } }, (response) => {
      let count = 0;
      response.on('data', (chunk) => {
        for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) count += 1;
      });
      response.on('end', () => (response.complete ? resolve(count) : reject(new Error('the export was cut off'))));
      response.on('error', reject);
    }).on('error', reject);
  });
  return { events: lines, events_per_s: Math.round(lines / ((performance.now() - started) / 1000)) };
}

/** Prints what every question takes, and returns what the move took. */
export async function measureCold(bench) {
  const { rows } = bench.options;
  const service = await bench.service();
  await fill(service.database, () => addEvents(service.database, rows, AGE_DAYS));
  const ids = await addSomeIds(service.database);
  const moved = await archive(bench, service, rows);
  const url = await service.startApi();
  const reader = new Reader(url, service.key);
  const report = (question, figures) => process.stdout.write(`${JSON.stringify({ rows, question, ...figures })}\n`);
  await pages(reader, report);
  const one = ids.map((id) => `/api/v1/events/${id}`);
  report('one id', await ask(reader, one, one.length));
  for (const [question, path] of Object.entries(questions())) report(question, await ask(reader, [path], 200));
  const meter = bench.meter(service, ['api', 'postgres']);
  report('export', { ...(await exported(url, service.key, '/api/v1/events.ndjson')), peak_mb: meter.peakMb() });
  reader.close();
  const figures = { rows, ...moved, ...(await sizes(service.database)) };
  await service.stop();
  return figures;
}
