'use strict';
// The worker with one rule of the archive broken on purpose, that of its argument. Those who watch must notice.
require('reflect-metadata');
const { Client } = require('pg');
const { ColdSegments } = require('../../../../dist/libs/persistence/src/index.js');

const NO_KEYS = { projectIds: new Int32Array(0), occurredAt: new BigInt64Array(0), eventIds: Buffer.alloc(0) };
const DELETE = 'DELETE FROM events WHERE project_id = ANY ($1::int4[]) AND event_id = ANY ($2::uuid[])';

function parametersOf({ projectIds, eventIds }) {
  const ids = Array.from({ length: projectIds.length }, (_, row) => eventIds.toString('hex', row * 16, (row + 1) * 16));
  return [[...new Set(projectIds)], ids];
}

/** `name` puts the file into the manifest, in a transaction, and deletes nothing. */
const BUGS = {
  /** For a moment the events are nowhere. */
  async 'rows dropped before publish'({ session, keys, name }) {
    await session.query(DELETE, parametersOf(keys));
    await name();
  },
  /** What came late within the times of the segment goes, too. */
  async 'rows deleted by range'({ session, content, name }) {
    await session.query('BEGIN');
    await session.query('DELETE FROM events WHERE project_id BETWEEN $1 AND $2 AND occurred_at BETWEEN $3 AND $4', [
      ...[content.minProjectId, content.maxProjectId],
      ...[`${content.minOccurredAt}Z`, `${content.maxOccurredAt}Z`],
    ]);
    await name();
  },
  /** The connection was lost, and the lock with it; on another one nobody asks whose the segment is now. */
  async 'rows deleted by whoever wrote the file'({ session, keys }) {
    const client = new Client(session.client.connectionParameters);
    await client.connect();
    await client.query(DELETE, parametersOf(keys));
    await client.end();
  },
};

const { publish } = ColdSegments.prototype;
ColdSegments.prototype.publish = async function publishWrongly(segment, content, keys) {
  const { session } = this;
  const name = () => publish.call(this, segment, content, NO_KEYS);
  await BUGS[process.argv[2]]({ session, content, keys, name });
};

require('./worker-program.cjs');
