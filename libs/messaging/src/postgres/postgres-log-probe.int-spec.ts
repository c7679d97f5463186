import { freshEmbeddedTopic, type EmbeddedTopic } from '../../test/embedded-topic';
import { PostgresLogProbe } from './postgres-log-probe';

describe('the probe of the embedded log', () => {
  let log: EmbeddedTopic;
  let probe: PostgresLogProbe;

  beforeEach(async () => {
    log = await freshEmbeddedTopic(3);
    probe = new PostgresLogProbe(log.database, { topic: log.topic, group: 'g' });
  });
  afterEach(() => log.drop());

  it('tells what a group has not committed, and how old the oldest of it is', async () => {
    await log.append(1, 3);
    await log.database.query(
      `UPDATE log_records SET published_at = now() - ("offset" = 0)::int * interval '2 hours' - ("offset" = 1)::int * interval '1 hour'`,
    );
    const all = await probe.backlog();
    expect(all.partitions.get(1)).toEqual({ logEnd: 3, next: 0 });
    expect(all.partitions.get(0)).toEqual({ logEnd: 0, next: 0 });
    expect(Math.floor(all.oldestUnreadMs / 3_600_000)).toBe(2);

    await log.database.query(`INSERT INTO log_commits VALUES ('g', $1, 1, 1)`, [log.topic]);
    const rest = await probe.backlog();
    expect(rest.partitions.get(1)).toEqual({ logEnd: 3, next: 1 });
    expect(Math.floor(rest.oldestUnreadMs / 3_600_000)).toBe(1);
  });

  it('counts nothing that was trimmed before a group came', async () => {
    await log.append(1, 3);
    await log.database.query('DELETE FROM log_records WHERE "offset" < 2');
    expect((await probe.backlog()).partitions.get(1)).toEqual({ logEnd: 3, next: 2 });
    await log.database.query('DELETE FROM log_records');
    expect((await probe.backlog()).partitions.get(1)).toEqual({ logEnd: 3, next: 3 });
  });

  it('answers while the database does and has the topic', async () => {
    await expect(probe.ping()).resolves.toBeUndefined();
    const missing = new PostgresLogProbe(log.database, { topic: 'missing', group: 'g' });
    await expect(missing.ping()).rejects.toThrow('missing');
    await log.beginOutage();
    await expect(probe.ping()).rejects.toThrow();
    await log.endOutage();
  });
});
