'use strict';
// The API with one rule broken on purpose: hot rows and the manifest are read one after the other, of two instants.
require('reflect-metadata');
const { setTimeout: delay } = require('node:timers/promises');
const { newestEvents } = require('../../../../dist/libs/persistence/src/event-list.js');
const { TieredEventReader } = require('../../../../dist/libs/persistence/src/index.js');
const { newestOfBoth } = require('../../../../dist/libs/persistence/src/tiered-list.js');

const PAUSE_MS = 300;

TieredEventReader.prototype.newest = function newest(projectId, bounds) {
  const late = {
    newest: async (_, project, rest) => {
      await delay(PAUSE_MS);
      const { segments } = await newestEvents(this.tiers, projectId, bounds);
      return this.cold.newest(segments, project, rest);
    },
  };
  return newestOfBoth(this.tiers, late, projectId, bounds);
};

require('../../../../dist/apps/api/src/main.js');
