import type { EventConsumer } from '@app/messaging';
import { eventually } from '@app/testing';
import {
  CONTRACT_BATCH_MAX_EVENTS,
  CONTRACT_PARTITIONS,
  type EventLogUnderTest,
  type RawRecord,
} from './event-log-under-test';
import { Inbox, offsetsOf } from './inbox';

const partitions = Array.from({ length: CONTRACT_PARTITIONS }, (_, partition) => partition);

/** `count` records on each partition, named `partition/n`. */
function spread(count: number, first = 0): RawRecord[] {
  return partitions.flatMap((partition) =>
    Array.from({ length: count }, (_, n) => ({
      partition,
      key: null,
      value: Buffer.from(`${partition}/${first + n}`),
    })),
  );
}

function names(count: number): string[] {
  return spread(count).map(({ value }) => value!.toString());
}

/** Waits until members have all partitions between them, each one once. */
async function shared(members: readonly EventConsumer[]): Promise<void> {
  await eventually(() => {
    const assigned = members.flatMap((member) => member.status().assigned);
    expect(assigned.sort((a, b) => a - b)).toEqual(partitions);
  });
}

function expectInOrder(inbox: Inbox, count: number): void {
  for (const partition of partitions) {
    expect(offsetsOf(inbox.received, partition)).toEqual(Array.from({ length: count }, (_, n) => n));
  }
}

export function describeConsuming(log: () => EventLogUnderTest): void {
  it('hands over several partitions in one call, one call at a time, within the limit', async () => {
    const inbox = new Inbox();
    await log().produceRaw(spread(50));
    await log().newConsumer().run(inbox.handler);
    await eventually(() => {
      expectInOrder(inbox, 50);
    });
    const sizes = inbox.calls.map((batches) => batches.reduce((sum, { records }) => sum + records.length, 0));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(CONTRACT_BATCH_MAX_EVENTS);
    expect(Math.max(...inbox.calls.map((batches) => batches.length))).toBeGreaterThan(1);
    expect(inbox.mostAtOnce).toBe(1);
  });

  it('hands over null keys, null values and headers as they are', async () => {
    const inbox = new Inbox();
    await log().produceRaw([
      { partition: 3, key: null, value: null },
      { partition: 3, key: Buffer.from([0, 255]), value: Buffer.from([254, 0]), headers: { a: 'b' } },
    ]);
    await log().newConsumer().run(inbox.handler);
    await eventually(() => {
      expect(inbox.received).toMatchObject([
        { offset: 0, key: null, value: null },
        { offset: 1, key: Buffer.from([0, 255]), value: Buffer.from([254, 0]), headers: { a: Buffer.from('b') } },
      ]);
    });
    // The broker may run on another clock.
    for (const { loggedAt } of inbox.received) expect(Math.abs(loggedAt - Date.now())).toBeLessThan(60_000);
  });

  it('shares the partitions among three members and hands over those of one that stops', async () => {
    const inbox = new Inbox();
    const members = [log().newConsumer(), log().newConsumer(), log().newConsumer()];
    await Promise.all(members.map((member) => member.run(inbox.handler)));
    await shared(members);
    for (const member of members) expect(member.status().assigned.length).toBeGreaterThan(0);
    await log().produceRaw(spread(10));
    await eventually(() => {
      expectInOrder(inbox, 10);
    });
    const [leaving, ...staying] = members;
    await leaving!.stop();
    await shared(staying);
    await log().produceRaw(spread(10, 10));
    await eventually(() => {
      expectInOrder(inbox, 20);
    });
  });

  it('hands over the same records again after a failure, and skips nothing behind them', async () => {
    const inbox = new Inbox();
    inbox.failure = new Error('the database is away');
    const member = log().newConsumer();
    await log().produceRaw(spread(30));
    await member.run(inbox.handler);
    await eventually(() => {
      expect(inbox.refused).toBeGreaterThanOrEqual(3);
      expect(member.status().paused).toEqual(partitions);
    });
    await log().produceRaw(spread(5, 30));
    inbox.failure = undefined;
    await eventually(() => {
      expectInOrder(inbox, 35);
    });
    await eventually(() => {
      expect(member.status().paused).toEqual([]);
    });
  });

  it('holds a partition at an offset, goes on with the others, and continues once it may', async () => {
    const inbox = new Inbox();
    inbox.hold = ({ partition, records }) =>
      partition === 5 && records.some(({ offset }) => offset >= 7) ? 7 : undefined;
    const member = log().newConsumer();
    await log().produceRaw(spread(10));
    await member.run(inbox.handler);
    await eventually(() => {
      expect(inbox.received).toHaveLength(10 * 11 + 7);
      expect(member.status().paused).toEqual([5]);
    });
    inbox.hold = () => undefined;
    await eventually(() => {
      expectInOrder(inbox, 10);
    });
  });

  it('goes on where the group was after a restart', async () => {
    const before = new Inbox();
    const after = new Inbox();
    const first = log().newConsumer();
    await log().produceRaw(spread(20));
    await first.run(before.handler);
    await eventually(() => {
      expect(before.received).toHaveLength(20 * CONTRACT_PARTITIONS);
    });
    await Promise.all([first.stop(), first.stop()]);
    expect(first.status()).toMatchObject({ joined: false, assigned: [] });
    await log().produceRaw(spread(1, 20));
    await log().newConsumer().run(after.handler);
    await eventually(() => {
      expect(after.values().sort()).toEqual(partitions.map((partition) => `${partition}/20`).sort());
    });
  });

  it('commits nothing of a batch that failed before it stopped', async () => {
    const inbox = new Inbox();
    inbox.failure = new Error('the database is away');
    const first = log().newConsumer();
    await log().produceRaw(spread(5));
    await first.run(inbox.handler);
    await eventually(() => {
      expect(inbox.refused).toBeGreaterThan(0);
    });
    await first.stop();
    inbox.failure = undefined;
    await log().newConsumer().run(inbox.handler);
    await eventually(() => {
      expect(inbox.values().sort()).toEqual(names(5).sort());
    });
  });

  it('tells its last commit', async () => {
    const inbox = new Inbox();
    inbox.failure = new Error('the database is away');
    const member = log().newConsumer();
    expect(member.status()).toMatchObject({ joined: false, assigned: [], lastCommitAt: undefined });
    await log().produceRaw(spread(8));
    await member.run(inbox.handler);
    await eventually(() => {
      expect(member.status()).toMatchObject({ joined: true, assigned: partitions, lastCommitAt: undefined });
      expect(inbox.refused).toBeGreaterThan(0);
    });
    inbox.failure = undefined;
    await eventually(() => {
      expect(member.status().lastCommitAt).toBeInstanceOf(Date);
    });
  });
}
