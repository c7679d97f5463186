import { StoreUnavailableError } from '@app/persistence';
import { anEvent } from '@app/testing';
import { pino, type Logger } from 'pino';
import { freshEmbeddedTopic, type EmbeddedTopic } from '../../test/embedded-topic';
import { PublishUnconfirmedError } from '../event-publisher.port';
import { PostgresEventPublisher } from './postgres-event-publisher';

const limits = { timeoutMs: 5000, queueEvents: 20_000, queueBytes: 32_000_000 };

function memoryLogger(lines: { level: number; msg: string }[]): Logger {
  return pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line) as { level: number; msg: string }) });
}

describe('PostgresEventPublisher', () => {
  let log: EmbeddedTopic;
  let publisher: PostgresEventPublisher;
  const lines: { level: number; msg: string }[] = [];
  const records = async (): Promise<number> => {
    const [row] = await log.database.query<{ n: number }>('SELECT count(*)::integer AS n FROM log_records');
    return row?.n ?? 0;
  };
  const open = (topic: string, timeoutMs = limits.timeoutMs): PostgresEventPublisher =>
    new PostgresEventPublisher(log.database, { topic, publish: { ...limits, timeoutMs } }, memoryLogger(lines));

  beforeEach(async () => {
    lines.length = 0;
    log = await freshEmbeddedTopic(12);
    publisher = open(log.topic);
  });
  afterEach(async () => {
    await publisher.close();
    await log.drop();
  });

  it('puts what is published at once into one transaction', async () => {
    const calls = Array.from({ length: 50 }, () => publisher.publish([anEvent()], { requestId: 'r' }));
    await Promise.all(calls);
    const [row] = await log.database.query<{ n: number }>(
      'SELECT count(DISTINCT published_at)::integer AS n FROM log_records',
    );
    expect(await records()).toBe(50);
    expect(row?.n).toBe(1);
  });

  it('says that it cannot confirm while the database is away, once in the log, and goes on when it is back', async () => {
    await publisher.publish([anEvent()], { requestId: 'r' });
    await log.beginOutage();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const refused = publisher.publish([anEvent()], { requestId: 'r' });
      await expect(refused).rejects.toThrow(PublishUnconfirmedError);
      await expect(refused).rejects.toHaveProperty('cause', expect.any(StoreUnavailableError));
    }
    await log.endOutage();
    await publisher.publish([anEvent()], { requestId: 'r' });
    expect(await records()).toBe(2);
    expect(lines.map(({ level }) => level)).toEqual([40, 30]);
  });

  it('gives a call up at its deadline when the partition is locked', async () => {
    const impatient = open(log.topic, 200);
    await log.database.transaction(async (tx) => {
      await tx.query('SELECT * FROM log_partitions FOR UPDATE');
      await expect(impatient.publish([anEvent()], { requestId: 'r' })).rejects.toThrow(PublishUnconfirmedError);
    });
    await impatient.close();
  });

  it('does not confirm what goes to a topic that nobody has made, and takes it once it is there', async () => {
    const early = open('later');
    await expect(early.publish([anEvent()], { requestId: 'r' })).rejects.toThrow(PublishUnconfirmedError);
    await log.database.query(`INSERT INTO log_partitions (topic, partition) VALUES ('later', 0)`);
    await early.publish([anEvent()], { requestId: 'r' });
    expect(await records()).toBe(1);
    await early.close();
  });
});
