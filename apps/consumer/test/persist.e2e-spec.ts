import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import request from 'supertest';
import { ensureLog } from '@app/messaging';
import { DeadLetters, recountRollups } from '@app/persistence';
import { AppProcess, describeWithKafka, emptyDatabase, eventually, TcpProxy } from '@app/testing';
import { Pipeline } from './pipeline';
import { produceRaw } from './raw-producer';

jest.setTimeout(60_000);

function wire(changes: Record<string, unknown> = {}): string {
  const now = new Date().toISOString();
  return JSON.stringify({
    v: 1,
    event_id: randomUUID(),
    name: 'raw',
    occurred_at: now,
    received_at: now,
    data: {},
    ...changes,
  });
}

describeWithKafka('the consumer', ([brokers = '']) => {
  let pipeline: Pipeline;

  beforeEach(async () => {
    pipeline = await Pipeline.open(brokers);
  });

  afterEach(() => pipeline.close());

  async function post(url: string, body: object): Promise<request.Response> {
    return request(url).post('/api/v1/events').set('X-API-Key', pipeline.key).set('X-Request-Id', 'req-e2e').send(body);
  }

  it('stores what the API accepted, and its log line has the id of the request', async () => {
    const api = await pipeline.api();
    const consumer = pipeline.consumerWith({ LOG_LEVEL: 'debug' });
    const accepted = await post(api.url, { name: 'order.paid', user_id: 'u1', amount: 12.5, data: { items: [1, 2] } });
    expect(accepted.status).toBe(202);
    const { event_id } = accepted.body as { event_id: string };
    await eventually(async () => {
      const read = await request(api.url).get(`/api/v1/events/${event_id}`).set('X-API-Key', pipeline.key);
      expect(read.body).toMatchObject({
        event_id,
        name: 'order.paid',
        user_id: 'u1',
        amount: 12.5,
        data: { items: [1, 2] },
      });
    });
    const line = await consumer.logged('A batch is stored.');
    expect(line).toMatchObject({ stored: 1, request_ids: ['req-e2e'] });
  });

  it('stores years of one user that come at once, in several transactions', async () => {
    const days = 600;
    const day = (index: number): string => new Date(Date.UTC(2020, 0, 1 + index)).toISOString();
    const records = Array.from({ length: days }, (_, index) => {
      const value = wire({ user_id: 'old friend', occurred_at: day(index) });
      return { partition: 0, key: 'k', value, headers: { project: '1', request_id: 'r1' } };
    });
    await produceRaw(brokers, pipeline.topic.topic, records);
    const consumer = pipeline.consumerWith({ LOG_LEVEL: 'debug' });
    await pipeline.drained(60_000);
    expect(await pipeline.storedIds()).toHaveLength(days);
    expect(
      (await recountRollups(pipeline.db.database, { atMost: 3 })).filter(({ differing }) => differing > 0),
    ).toEqual([]);
    expect(consumer.lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
  });

  it('keeps what cannot be read as dead letters with bytes, headers and reason, and stores the rest', async () => {
    const headers = { project: '1', request_id: 'r1' };
    const garbage = Buffer.from([0xff, 0xfe, 0x00]);
    const good = wire();
    await produceRaw(brokers, pipeline.topic.topic, [
      { partition: 0, key: 'k', value: garbage, headers },
      { partition: 0, value: null, headers },
      { partition: 0, value: good, headers },
      { partition: 0, value: wire(), headers: {} },
      { partition: 0, value: wire({ data: { bad: 'a\0b' } }), headers },
    ]);
    pipeline.consumer();
    await pipeline.drained(20_000);
    const letters = await new DeadLetters(pipeline.db.database).list(10);
    expect(letters.map(({ offset, reason, stage, projectId }) => [offset, reason, stage, projectId])).toEqual([
      [0, 'MALFORMED_EVENT', 'decode', 1],
      [1, 'MALFORMED_EVENT', 'decode', 1],
      [3, 'MALFORMED_EVENT', 'decode', 1],
      [4, 'MALFORMED_EVENT', 'decode', 1],
    ]);
    expect(letters[0]).toMatchObject({
      key: Buffer.from('k'),
      value: garbage,
      headers: { project: [Buffer.from('1')], request_id: [Buffer.from('r1')] },
      detail: 'The value is not valid UTF-8.',
    });
    expect(letters[1]?.value).toBeNull();
    expect(await pipeline.storedIds()).toEqual([(JSON.parse(good) as { event_id: string }).event_id]);
    expect(await pipeline.positions()).toEqual([
      expect.objectContaining({ partition: 0, firstOffset: 0, nextOffset: 5, stored: 1, duplicate: 0, dead: 4 }),
    ]);
  });

  it('stores what the rules have seen of a record made by hand, whatever its text makes of it', async () => {
    const headers = { project: '1' };
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const hidden = ['"\\u0000"', '"\\ud800"', '1e-20000', '1e200000', deep];
    const texts = hidden.map((text) => wire().replace('"data":{}', `"data":{"a":${text},"a":1}`));
    texts.push(wire().replace('"data":{}', '"data":{"b":2}, "data":{"a":1}'));
    const records = texts.map((text) => ({ partition: 0, value: Buffer.from(text), headers }));
    await produceRaw(brokers, pipeline.topic.topic, records);
    pipeline.consumer();
    await pipeline.drained(30_000);
    const rows = await pipeline.db.database.query<{ data: unknown }>('SELECT data FROM events');
    expect(rows.map(({ data }) => data)).toEqual(texts.map(() => ({ a: 1 })));
    expect(await new DeadLetters(pipeline.db.database).count()).toBe(0);
  });

  it('holds a partition at a record of a newer version, alarms, and stores the others', async () => {
    const headers = { project: '1' };
    await produceRaw(brokers, pipeline.topic.topic, [
      { partition: 0, value: wire(), headers },
      { partition: 0, value: wire({ v: 2 }), headers },
      { partition: 0, value: wire(), headers },
      { partition: 1, value: wire(), headers },
    ]);
    const consumer = pipeline.consumer();
    const alarm = await consumer.logged('A partition is held: somebody must act.');
    expect(alarm).toMatchObject({ level: 'error', partition: 0, offset: 1 });
    await eventually(async () => {
      const positions = await pipeline.positions();
      expect(positions.map(({ partition, nextOffset, stored, dead }) => [partition, nextOffset, stored, dead])).toEqual(
        [
          [0, 1, 1, 0],
          [1, 1, 1, 0],
        ],
      );
    });
    expect(await new DeadLetters(pipeline.db.database).count()).toBe(0);
  });

  it('pauses while PostgreSQL is away and goes on by itself, without a dead letter', async () => {
    const { port, pathname, username, password } = new URL(pipeline.db.url);
    const proxy = await TcpProxy.to(Number(port));
    const url = `postgresql://${username}:${password}@127.0.0.1:${proxy.port}${pathname}`;
    const consumer = pipeline.consumerWith({ DATABASE_URL: url });
    await consumer.logged('Joined the consumer group.');
    proxy.cut();

    const api = await pipeline.api();
    const answer = await post(
      api.url,
      Array.from({ length: 500 }, (_, n) => ({ name: 'outage', user_id: `u${n}` })),
    );
    expect(answer.status).toBe(202);
    await consumer.logged('A batch failed: it comes again until it succeeds.');
    expect(await pipeline.storedIds()).toEqual([]);
    proxy.heal();

    await pipeline.drained(40_000);
    await consumer.logged('Batches succeed again.');
    expect(await pipeline.storedIds()).toHaveLength(500);
    expect(await new DeadLetters(pipeline.db.database).count()).toBe(0);
    expect(consumer.exitCode).toBeUndefined();
    await consumer.kill();
    await proxy.close();
  });

  it('stores what comes by another log, though the offsets begin anew', async () => {
    const headers = { project: '1' };
    const embedded = { MILLRACE_LOG: 'postgres', KAFKA_TOPIC: pipeline.topic.topic };
    const log = { kind: 'postgres', topic: pipeline.topic.topic, group: pipeline.topic.group, partitions: 1 } as const;
    await ensureLog(log, pipeline.db.database, pino({ level: 'silent' }));
    const api = await pipeline.api(0, embedded);
    const first = pipeline.consumerWith(embedded);
    expect((await post(api.url, [{ name: 'a' }, { name: 'b' }, { name: 'c' }])).status).toBe(202);
    await eventually(async () => {
      expect(await pipeline.storedIds()).toHaveLength(3);
    });
    await first.stop();
    await produceRaw(brokers, pipeline.topic.topic, [
      { partition: 0, value: wire(), headers },
      { partition: 0, value: wire(), headers },
    ]);
    pipeline.consumer();
    await eventually(async () => {
      expect(await pipeline.storedIds()).toHaveLength(5);
    });
  });

  it('ends with 0 on SIGTERM, after the batch that runs', async () => {
    const api = await pipeline.api();
    const consumer = pipeline.consumer();
    await consumer.logged('Joined the consumer group.');
    expect((await post(api.url, { name: 'n' })).status).toBe(202);
    await pipeline.drained(20_000);
    expect(await consumer.stop()).toBe(0);
    expect(await api.process.stop()).toBe(0);
    expect(await pipeline.committed()).toBe(1);
  });
});

describe('a process', () => {
  it.each(['api', 'consumer'])('%s refuses to start on an older schema, and names the command', async (app) => {
    const db = await emptyDatabase();
    const process = AppProcess.start(`dist/apps/${app}/src/main.js`, {
      DATABASE_URL: db.url,
      MILLRACE_LOG: 'postgres',
      PORT: '0',
      HEALTH_PORT: '0',
    });
    const line = await process.logged('The process cannot go on.');
    expect(JSON.stringify(line)).toContain('npm run migration:up');
    await eventually(() => {
      expect(process.exitCode).toBe(1);
    });
    await db.drop();
  });

  it.each(['api', 'consumer'])('%s names every mistake of its configuration and ends with 1', async (app) => {
    const process = AppProcess.start(`dist/apps/${app}/src/main.js`, { DATABASE_URL: 'mysql://x', LOG_LEVEL: 'loud' });
    await eventually(() => {
      expect(process.exitCode).toBe(1);
    });
    for (const name of ['DATABASE_URL', 'LOG_LEVEL', 'KAFKA_BROKERS']) expect(process.said()).toContain(name);
  });
});
