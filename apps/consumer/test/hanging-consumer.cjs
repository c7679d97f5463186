/**
 * The consumer with a handler that never answers, until the process gets SIGUSR2. It heart-beats, and PostgreSQL and the
 * log are well: what the progress watchdog is there for.
 */
require('reflect-metadata');
const { PersistEventsHandler } = require('../../../dist/apps/consumer/src/persist-events.handler.js');

const woken = new Promise((resolve) => process.once('SIGUSR2', resolve));
const handle = PersistEventsHandler.prototype.handle;
PersistEventsHandler.prototype.handle = async function handleOnceWoken(batches) {
  await woken;
  return handle.call(this, batches);
};

require('../../../dist/apps/consumer/src/main.js');
