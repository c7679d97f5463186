/**
 * The consumer with one rule broken on purpose: it says that it is done before it has stored anything, so the offset is
 * committed first. The checker of the crash test must notice.
 */
require('reflect-metadata');
const { PersistEventsHandler } = require('../../../dist/apps/consumer/src/persist-events.handler.js');

const handle = PersistEventsHandler.prototype.handle;
PersistEventsHandler.prototype.handle = function handleLater(batches) {
  handle.call(this, batches).catch(() => undefined);
  return Promise.resolve([]);
};

require('../../../dist/apps/consumer/src/main.js');
