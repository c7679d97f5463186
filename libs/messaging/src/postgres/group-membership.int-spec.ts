import { randomUUID } from 'node:crypto';
import { eventually } from '@app/testing';
import { freshEmbeddedTopic, type EmbeddedTopic } from '../../test/embedded-topic';
import { GroupMembership } from './group-membership';

const PARTITIONS = [0, 1, 2, 3, 4, 5];

describe('GroupMembership', () => {
  let log: EmbeddedTopic;
  const member = (group = 'g'): GroupMembership => new GroupMembership(log.database, group, log.topic);
  const all = (members: readonly GroupMembership[]): number[] =>
    members.flatMap(({ assigned }) => assigned).sort((a, b) => a - b);
  const plantRow = (secondsAgo: number): Promise<unknown> =>
    log.database.query(
      `INSERT INTO log_members (group_name, topic, member_id, partitions, heartbeat_at)
       VALUES ('g', $1, $2, $3, now() - $4 * interval '1 second')`,
      [log.topic, randomUUID(), PARTITIONS, secondsAgo],
    );

  beforeEach(async () => {
    log = await freshEmbeddedTopic(PARTITIONS.length);
  });
  afterEach(async () => {
    await log.drop();
  });

  it('gives a single member everything, at its first heartbeat', async () => {
    const alone = member();
    expect(await alone.beat()).toMatchObject({ partitions: PARTITIONS.length, waiting: false });
    expect(alone.assigned).toEqual(PARTITIONS);
  });

  it('takes a partition from a member only after that one has said that it let it go', async () => {
    const [old, young] = [member(), member()];
    await old.beat();
    expect(await young.beat()).toMatchObject({ waiting: true });
    expect(young.assigned).toEqual([]);
    await old.beat();
    expect(old.assigned).toHaveLength(3);
    await young.beat();
    expect(all([old, young])).toEqual(PARTITIONS);
  });

  it('keeps the partitions of a running batch until it is over, although they fall to somebody else', async () => {
    const [old, young] = [member(), member()];
    await old.beat();
    expect(old.beginRound()).toEqual(PARTITIONS);
    await young.beat();
    await old.beat();
    await young.beat();
    expect(old.assigned).toHaveLength(3);
    expect(young.assigned).toEqual([]);
    expect(old.stale).toBe(false);
    old.endRound();
    expect(old.stale).toBe(true);
    await old.beat();
    await young.beat();
    expect(all([old, young])).toEqual(PARTITIONS);
  });

  it('never assigns a partition to two members that beat at the same time', async () => {
    const databases = Array.from({ length: 4 }, () => log.anotherDatabase());
    // Who has to connect first would come late.
    await Promise.all(databases.map((database) => database.open()));
    for (let group = 0; group < 10; group += 1) {
      const members = databases.map((database) => new GroupMembership(database, `group-${group}`, log.topic));
      for (let round = 0; round < 4; round += 1) {
        await Promise.all(members.map((one) => one.beat()));
        expect(new Set(all(members)).size).toBe(all(members).length);
      }
      expect(all(members)).toEqual(PARTITIONS);
    }
  });

  it('lets no round begin with what a heartbeat on its way gives up', async () => {
    const [old, young] = [member(), member()];
    await old.beat();
    await young.beat();
    const beating = await log.database.transaction(async (tx) => {
      await tx.query('SELECT FROM log_members FOR UPDATE');
      const beat = old.beat();
      await eventually(async () => {
        const waiting = await log.database.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        expect(waiting).toHaveLength(1);
      });
      expect(old.beginRound()).toHaveLength(3);
      return { beat };
    });
    await beating.beat;
    await young.beat();
    expect(all([old, young])).toEqual(PARTITIONS);
  });

  it('hands over what a member that leaves had', async () => {
    const [first, second] = [member(), member()];
    for (let round = 0; round < 2; round += 1) for (const one of [first, second]) await one.beat();
    await first.leave();
    expect(first.assigned).toEqual([]);
    await second.beat();
    expect(second.assigned).toEqual(PARTITIONS);
  });

  it('counts on a member that was silent for 2 seconds, and no longer on one that was for 6', async () => {
    const survivor = member();
    await plantRow(2);
    await survivor.beat();
    expect(survivor.assigned).toEqual([]);
    await log.database.query('DELETE FROM log_members');
    await plantRow(6);
    await survivor.beat();
    expect(survivor.assigned).toEqual(PARTITIONS);
  });

  it('has one member that leads, and groups that know nothing of each other', async () => {
    const members = [member(), member(), member()];
    const stranger = member('another');
    for (const one of [...members, stranger]) await one.beat();
    for (const one of members) await one.beat();
    expect(members.filter(({ leads }) => leads)).toHaveLength(1);
    expect(stranger.leads).toBe(true);
    expect(stranger.assigned).toEqual(PARTITIONS);
  });
});
