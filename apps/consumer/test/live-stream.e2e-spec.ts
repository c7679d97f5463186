import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import request from 'supertest';
import { describeWithKafka, eventually, SseClient } from '@app/testing';
import { Pipeline } from './pipeline';

jest.setTimeout(120_000);

const LANES = 10;
const EVENTS_PER_POST = 10;

describeWithKafka('live streams of several API processes', ([broker = '']) => {
  let pipeline: Pipeline;
  const clients: SseClient[] = [];

  beforeEach(async () => {
    pipeline = await Pipeline.open(broker);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await pipeline.close();
  });

  async function follow(url: string, lastEventId?: string): Promise<SseClient> {
    const client = await SseClient.open(`${url}/api/v1/events/stream`, { key: pipeline.key, lastEventId });
    clients.push(client);
    await eventually(() => {
      expect(client.lastEventId).toBeDefined();
    });
    return client;
  }

  async function post(url: string, user: string, first: number, count: number): Promise<void> {
    const events = Array.from({ length: count }, (_, i) => ({ name: 'tick', user_id: user, data: { n: first + i } }));
    const answer = await request(url).post('/api/v1/events').set('X-API-Key', pipeline.key).send(events);
    expect(answer.status).toBe(202);
  }

  /** Posts so many of each user, in order, a few at a time. */
  async function postLanes(url: string, perUser: number, everyMs: number): Promise<void> {
    const lane = async (user: string): Promise<void> => {
      for (let n = 0; n < perUser; n += EVENTS_PER_POST) {
        await Promise.all([post(url, user, n, EVENTS_PER_POST), delay(everyMs)]);
      }
    };
    await Promise.all(Array.from({ length: LANES }, (_, user) => lane(`user-${user}`)));
  }

  function numbersByUser(seen: readonly Readonly<Record<string, unknown>>[]): Map<string, number[]> {
    const byUser = new Map<string, number[]>();
    for (const { user_id, data } of seen) {
      const user = String(user_id);
      byUser.set(user, [...(byUser.get(user) ?? []), (data as { n: number }).n]);
    }
    return byUser;
  }

  /** Each event of each user once, in its order. */
  function expectAll(seen: readonly Readonly<Record<string, unknown>>[], perUser: number): void {
    const byUser = numbersByUser(seen);
    const all = Array.from({ length: perUser }, (_, n) => n);
    for (let user = 0; user < LANES; user += 1) expect(byUser.get(`user-${user}`)).toEqual(all);
  }

  it('go on at another process after kill -9, without a gap and without a repeat', async () => {
    const [first, second] = await Promise.all([pipeline.api(), pipeline.api()]);
    const killed = await follow(first.url);
    const healthy = await follow(second.url);
    const posting = postLanes(second.url, 100, 100);
    await eventually(() => {
      expect(killed.events.length).toBeGreaterThan(200);
    });
    await first.process.kill();
    await killed.closed;
    const again = await follow(second.url, killed.lastEventId);
    await posting;
    await eventually(() => {
      expectAll(healthy.events, 100);
      expectAll([...killed.events, ...again.events], 100);
    });
  });

  it('tell by one gap how many records Kafka has no more', async () => {
    const api = await pipeline.api();
    const client = await follow(api.url);
    await post(api.url, 'u', 0, 1);
    await eventually(() => {
      expect(client.numbers).toEqual([0]);
    });
    const { lastEventId } = client;
    await api.process.kill();
    const other = await pipeline.api();
    await post(other.url, 'u', 1, 20);
    const partition = await deleteOldest(15);
    const again = await follow(other.url, lastEventId);
    await eventually(() => {
      expect(again.numbers).toEqual([15, 16, 17, 18, 19, 20]);
    });
    const gaps = again.messages.filter(({ event }) => event === 'gap');
    expect(gaps).toHaveLength(1);
    expect(JSON.parse(gaps[0]?.data ?? '{}')).toEqual({ partitions: [{ partition, missing: 14 }], missing: 14 });
  });

  /** @returns the partition that has records. */
  async function deleteOldest(offset: number): Promise<number> {
    const { topic } = pipeline.topic;
    const admin = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.fetchTopicMetadata({ topics: [topic] }); // without it kafkajs knows no leaders
    const partition = (await admin.fetchTopicOffsets(topic)).find(({ high }) => Number(high) > 0)?.partition ?? 0;
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
    await admin.disconnect();
    return partition;
  }

  it('give 20 subscribers each event once and in order, at 500 events a second', async () => {
    const api = await pipeline.api();
    const subscribers = await Promise.all(Array.from({ length: 20 }, () => follow(api.url)));
    await postLanes(api.url, 150, 200);
    await eventually(() => {
      for (const subscriber of subscribers) expect(subscriber.messages.length).toBeGreaterThanOrEqual(1500);
    }, 60_000);
    for (const subscriber of subscribers) expectAll(subscriber.events, 150);
  });
});
