import { freshDatabase, type FreshDatabase } from '@app/testing';
import { appendRecords } from './append-records';
import { countPartitions, ensureEmbeddedLog, wakeUpChannel } from './embedded-log';

const record = { key: null, value: Buffer.from('x'), headers: Buffer.alloc(0) };

describe('ensureEmbeddedLog', () => {
  let fresh: FreshDatabase;
  beforeEach(async () => {
    fresh = await freshDatabase();
  });
  afterEach(async () => {
    await fresh.drop();
  });

  it('makes a topic with its partitions, also when several do it at once', async () => {
    const { database } = fresh;
    expect(await countPartitions(database, 'a')).toBe(0);
    await Promise.all([1, 2, 3].map(() => ensureEmbeddedLog(database, { topic: 'a', partitions: 12 })));
    expect(await countPartitions(database, 'a')).toBe(12);
    expect(await countPartitions(database, 'b')).toBe(0);
  });

  it('adds partitions to a topic, never takes one away, and leaves its records alone', async () => {
    const { database } = fresh;
    await ensureEmbeddedLog(database, { topic: 'a', partitions: 2 });
    await appendRecords(database, 'a', [{ ...record, partition: 1 }]);
    await ensureEmbeddedLog(database, { topic: 'a', partitions: 3 });
    await ensureEmbeddedLog(database, { topic: 'a', partitions: 1 });
    const heads = await database.query('SELECT partition, next_offset FROM log_partitions ORDER BY partition');
    expect(heads).toEqual([
      { partition: 0, next_offset: '0' },
      { partition: 1, next_offset: '1' },
      { partition: 2, next_offset: '0' },
    ]);
  });
});

describe('wakeUpChannel', () => {
  it('fits into a name of PostgreSQL whatever the topic is, and tells topics apart', () => {
    const long = 'x'.repeat(249);
    expect(wakeUpChannel(long).length).toBeLessThan(64);
    expect(wakeUpChannel(`${long}1`)).not.toBe(wakeUpChannel(`${long}2`));
  });
});
