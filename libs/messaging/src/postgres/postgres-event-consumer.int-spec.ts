import { eventually } from '@app/testing';
import type { Database } from '@app/persistence';
import { pino, type Logger } from 'pino';
import { freshEmbeddedTopic, type EmbeddedTopic } from '../../test/embedded-topic';
import { Inbox, offsetsOf } from '../../test/inbox';
import { TopicMissingError } from '../topic-missing.error';
import { PostgresEventConsumer } from './postgres-event-consumer';

interface Line {
  readonly level: number;
  readonly msg: string;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('PostgresEventConsumer', () => {
  let log: EmbeddedTopic;
  let consumers: PostgresEventConsumer[];
  let lines: Line[];

  const memory = (): Logger => pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line) as Line) });
  const member = (database: Database = log.database, topic = log.topic): PostgresEventConsumer => {
    const options = { group: 'g', topic, batchMaxEvents: 100, retryMs: { first: 20, last: 50 } };
    const consumer = new PostgresEventConsumer(database, options, memory());
    consumers.push(consumer);
    return consumer;
  };

  beforeEach(async () => {
    lines = [];
    consumers = [];
    log = await freshEmbeddedTopic(3);
  });
  afterEach(async () => {
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    await log.drop();
  });

  it('is woken by a record, long before it would look by itself', async () => {
    const inbox = new Inbox();
    await member().run(inbox.handler);
    const waits: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      const before = performance.now();
      await log.append(0, 1);
      await eventually(() => {
        expect(inbox.received).toHaveLength(n + 1);
      });
      waits.push(performance.now() - before);
    }
    // Five looks of its own would take five seconds.
    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThan(3000);
  });

  it('reads on after the database was away, with one line when it goes and one when it is back', async () => {
    const inbox = new Inbox();
    const consumer = member();
    await log.append(0, 3);
    await consumer.run(inbox.handler);
    await eventually(() => {
      expect(offsetsOf(inbox.received, 0)).toEqual(upTo(3));
    });
    await log.beginOutage();
    await eventually(() => {
      expect(lines.filter(({ level }) => level >= 40)).toHaveLength(1);
    });
    await log.endOutage();
    await log.append(0, 2);
    await eventually(() => {
      expect(offsetsOf(inbox.received, 0)).toEqual(upTo(5));
      expect(lines.at(-1)?.msg).toBe('The embedded log answers again.');
    });
    expect(lines.filter(({ level }) => level >= 40)).toHaveLength(1);
  });

  it('joins once the database is there, when it was away at the start', async () => {
    const inbox = new Inbox();
    await log.append(0, 1);
    await log.beginOutage();
    const consumer = member(log.anotherDatabase());
    const running = consumer.run(inbox.handler);
    await eventually(() => {
      expect(lines.some(({ level }) => level === 40)).toBe(true);
    });
    expect(consumer.status().joined).toBe(false);
    await log.endOutage();
    await running;
    await eventually(() => {
      expect(inbox.received).toHaveLength(1);
    });
  });

  it('can be stopped while it still waits for the database', async () => {
    await log.beginOutage();
    const consumer = member(log.anotherDatabase());
    const running = consumer.run(new Inbox().handler);
    await consumer.stop();
    await running;
    await log.endOutage();
    expect(consumer.status().joined).toBe(false);
  });

  it('lets the running batch finish and commits it before it stops', async () => {
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const begun: number[] = [];
    const consumer = member();
    await log.append(1, 5);
    await consumer.run(async (batches) => {
      begun.push(...batches.map(({ partition }) => partition));
      await finished;
      return [];
    });
    await eventually(() => {
      expect(begun).toEqual([1]);
    });
    const stopped = consumer.stop();
    const other = member();
    const inbox = new Inbox();
    const joining = other.run(inbox.handler);
    finish();
    await Promise.all([stopped, joining]);
    await log.append(1, 1);
    await eventually(() => {
      expect(offsetsOf(inbox.received, 1)).toEqual([5]);
    });
  });

  it('delivers again what was dealt with but could not be committed', async () => {
    const inbox = new Inbox();
    await log.append(0, 4);
    let calls = 0;
    const consumer = member();
    await consumer.run(async (batches) => {
      calls += 1;
      if (calls === 1) await log.beginOutage();
      return inbox.handler(batches);
    });
    await eventually(() => {
      expect(inbox.received).toHaveLength(4);
    });
    await log.endOutage();
    await eventually(async () => {
      expect(offsetsOf(inbox.received, 0)).toEqual([...upTo(4), ...upTo(4)]);
      expect(await log.database.query('SELECT next_offset FROM log_commits')).toEqual([{ next_offset: '4' }]);
    });
  });

  it('never takes the group back, when one who lost a partition commits late', async () => {
    const inbox = new Inbox();
    await log.append(0, 2);
    await log.database.query(`INSERT INTO log_commits VALUES ('g', $1, 0, 0)`, [log.topic]);
    const consumer = member();
    await consumer.run(async (batches) => {
      await log.database.query('UPDATE log_commits SET next_offset = 9');
      return inbox.handler(batches);
    });
    await eventually(() => {
      expect(consumer.status().lastCommitAt).toBeInstanceOf(Date);
    });
    const commits = await log.database.query('SELECT partition, next_offset FROM log_commits');
    expect(commits).toEqual([{ partition: 0, next_offset: '9' }]);
  });

  it('serves a partition with few records while another has many', async () => {
    const inbox = new Inbox();
    await log.append(0, 1000);
    await log.append(2, 3);
    await member().run(inbox.handler);
    await eventually(() => {
      expect(inbox.received).toHaveLength(1003);
    });
    const [firstCall] = inbox.calls;
    expect(firstCall?.map(({ partition, records }) => [partition, records.length])).toEqual([
      [0, 97],
      [2, 3],
    ]);
  });

  it('refuses to run on a topic that nobody has made', async () => {
    await expect(member(log.database, 'missing').run(new Inbox().handler)).rejects.toThrow(TopicMissingError);
  });
});
