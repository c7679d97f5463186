'use strict';
// Archives in a process of its own, for tests that kill it.
// Arguments: URL of the database, folder, boundary (ISO), rows of a segment at most, and after which step it waits to be killed,
// and the how-manieth time (from 1), and for a bucket its options as JSON. Prints a line of JSON when it waits there, or when it is done.
require('reflect-metadata');
require('./typescript.cjs');
const { Archiver, Engine, LocalSegmentStorage, S3SegmentStorage } = require('@app/archive');

const [url, folder, boundary, maxRows, fatalStep, times, s3] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
let left = Number(times);

function onStep(step) {
  if (step !== fatalStep || (left -= 1) > 0) return undefined;
  say({ waits: step });
  return new Promise(() => setInterval(() => undefined, 1000));
}

async function main() {
  const storage = s3 ? new S3SegmentStorage(JSON.parse(s3)) : new LocalSegmentStorage(folder);
  await storage.prepare();
  const engine = new Engine({ memoryMb: 200, threads: 1, tempFolder: folder });
  const archiver = new Archiver({ url, poolSize: 1, queryTimeoutMs: 7000 }, storage, engine);
  say({ done: await archiver.run({ boundary: new Date(boundary), maxRows: Number(maxRows), onStep }) });
  await engine.close();
}

main().catch((error) => {
  say({ failed: error.code ?? error.message, cause: error.cause?.message });
  process.exit(1);
});
