'use strict';
// The archiver's work in a process of its own, which stops dead at an instant that it is told, to be killed there. It takes
// one line of JSON on stdin, { job, at, times, … }, and says { held }, { done } or { failed } on stdout. { held, dying }:
// it kills itself some milliseconds later, in the middle of what DuckDB does. A second line lets it go on.
require('reflect-metadata');
const { writeSync } = require('node:fs');
const files = require('node:fs/promises');
const { once } = require('node:events');
const { createInterface } = require('node:readline');
const { setTimeout: delay } = require('node:timers/promises');
const { DuckDBConnection } = require('@duckdb/node-api');
const { Client } = require('pg');
const { Archiver, Engine, LocalSegmentStorage } = require('../../../../dist/libs/archive/src/index.js');
const { ColdUserEvents } = require('../../../../dist/libs/archive/src/cold-user.place.js');
const {
  Database,
  DeadLetterPlace,
  Eraser,
  ExpiredDays,
  HotEvents,
  LongSession,
} = require('../../../../dist/libs/persistence/src/index.js');

const COPIED_ROWS = 5;
const DYING_MS = 15;

const orders = createInterface({ input: process.stdin });
const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`);
const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
let hold = { at: '', times: 1 };
let lastStep = '';

function reached(instant) {
  if (instant !== hold.at) return false;
  hold.times -= 1;
  return hold.times === 0;
}

/** Not even the event loop goes on. */
function standStill(instant) {
  if (!reached(instant)) return;
  say({ held: instant });
  sleep(Infinity);
}

/** Dies while another thread works. */
function dieSoon(instant) {
  if (!reached(instant)) return;
  say({ held: instant, dying: true });
  sleep(Math.random() * DYING_MS);
  process.kill(process.pid, 'SIGKILL');
}

async function onStep(step) {
  lastStep = step;
  if (!reached(step)) return;
  say({ held: step });
  await once(orders, 'line');
}

/** Lets `around` see every call of a method. */
function wrap(owner, method, around) {
  const original = owner[method];
  owner[method] = function wrapped(...args) {
    return around.call(this, original.bind(this), ...args);
  };
}

/** Statements that have just been sent to PostgreSQL: nobody hears the answer. */
const SENT = [
  ['beginning', /^INSERT INTO cold_segments/],
  ['naming in the manifest', /^UPDATE cold_segments SET state = 'committed'/],
  ['deleting', /^WITH deleted/],
  ['committing', /^COMMIT/],
];

wrap(Client.prototype, 'query', function query(send, statement, ...rest) {
  const text = typeof statement === 'string' ? statement : (statement.text ?? '');
  if (text === 'COMMIT') standStill('about to commit');
  const result = send(statement, ...rest);
  for (const [instant, pattern] of SENT) if (pattern.test(text)) standStill(instant);
  if (lastStep === 'locked' && /^DELETE FROM cold_segments/.test(text)) standStill('sweeping rows');
  return result;
});
wrap(LongSession.prototype, 'copyOut', function copyOut(copy, sql, onRow) {
  let rows = 0;
  return copy(sql, (row) => {
    onRow(row);
    rows += 1;
    if (rows === COPIED_ROWS) standStill('copying');
  });
});
wrap(LocalSegmentStorage.prototype, 'remove', async function remove(removeFiles, names) {
  await removeFiles(names);
  if (lastStep === 'locked' && names.length > 0) standStill('sweeping files');
});
wrap(files, 'rename', async function rename(renameFile, ...paths) {
  await renameFile(...paths);
  standStill('renaming');
});
for (const method of ['run', 'stream']) {
  wrap(DuckDBConnection.prototype, method, function runs(run, sql, ...rest) {
    const result = run(sql, ...rest);
    if (/^\s*COPY/.test(sql)) dieSoon('writing');
    if (lastStep === 'settled') dieSoon('verifying');
    return result;
  });
}

/** PostgreSQL takes a moment to notice that the one before is dead, and gives the lock away then. */
const PAUSE_MS = 20;

const JOBS = {
  async archive({ config, storage, engine, graceMs }, { boundary, maxRows }) {
    const archiver = new Archiver(config, storage, engine, graceMs);
    for (;;) {
      const run = await archiver.run({ boundary: new Date(boundary), maxRows, onStep });
      if (run.ran) return run;
      await delay(PAUSE_MS);
    }
  },

  /** Until no erasure is left. */
  async erase(tier) {
    const database = new Database(tier.config);
    const files = new ColdUserEvents(tier, onStep);
    const places = [new DeadLetterPlace(), new HotEvents(), files, new ExpiredDays()];
    const eraser = new Eraser(database, undefined, places);
    const open = `SELECT FROM erasures WHERE status IN ('queued', 'running')`;
    while ((await database.query(open)).length > 0) {
      const { kind } = await eraser.step();
      if (kind === 'failed') throw new Error('The erasure failed.');
      if (kind === 'rest') await delay(PAUSE_MS);
    }
    await database.close();
    return { ran: true };
  },
};

async function work({ job, url, folder, at = '', times = 1, graceMs, ...order }) {
  hold = { at, times };
  const storage = new LocalSegmentStorage(folder);
  const engine = new Engine({ memoryMb: 200, threads: 1, tempFolder: folder });
  const config = { url, poolSize: 1, queryTimeoutMs: 7000 };
  say({ done: await JOBS[job]({ config, storage, engine, graceMs }, order) });
  await engine.close();
}

async function main() {
  const [line] = await once(orders, 'line');
  await work(JSON.parse(line));
}

main().then(
  () => orders.close(),
  (error) => {
    say({ failed: error.code ?? error.message, cause: error.cause?.message });
    process.exit(1);
  },
);
