import { randomUUID } from 'node:crypto';
import request from 'supertest';
import { ApiKeys, DeadLetters, hashApiKeySecret, mintApiKey, type StoredDeadLetter } from '@app/persistence';
import { describeWithKafka, eventually, type AppProcess } from '@app/testing';
import { Pipeline } from './pipeline';
import { produceRaw } from './raw-producer';

jest.setTimeout(120_000);

const HEADERS = { project: '1', request_id: 'r1' };

function wire(eventId: string, name: string): string {
  const now = new Date().toISOString();
  return JSON.stringify({ v: 1, event_id: eventId, name, occurred_at: now, received_at: now, data: {} });
}

describeWithKafka('a replay of dead letters', ([brokers = '']) => {
  let pipeline: Pipeline;
  let key: string;
  let url: string;
  let consumer: AppProcess;

  // Processes take most of the time: they are started once.
  beforeAll(async () => {
    pipeline = await Pipeline.open(brokers);
    const minted = mintApiKey();
    const hash = hashApiKeySecret(minted.secret, '');
    await new ApiKeys(pipeline.db.database).add({ id: minted.id, projectId: 1, name: 'a', scopes: ['admin'], hash });
    key = minted.text;
    const [api, { process }] = await Promise.all([pipeline.api(), pipeline.joinedConsumer()]);
    url = api.url;
    consumer = process;
  });
  afterAll(() => pipeline.close());
  beforeEach(async () => {
    await pipeline.db.database.query('TRUNCATE dead_letters, events');
  });

  async function post(path: string, body?: object): Promise<unknown> {
    const answer = await request(url).post(`/api/v1/dead-letters/${path}`).set('X-API-Key', key).send(body);
    expect(answer.status).toBe(202);
    return answer.body;
  }

  async function letters(): Promise<StoredDeadLetter[]> {
    return new DeadLetters(pipeline.db.database).list(10_000);
  }

  async function produce(...values: (string | Buffer | null)[]): Promise<void> {
    const messages = values.map((value, index) => ({ partition: index % 3, value, headers: HEADERS }));
    await produceRaw(brokers, pipeline.topic.topic, messages);
  }

  /** PostgreSQL refuses events of one name, until `mend`. */
  async function breakStore(): Promise<void> {
    await pipeline.db.database.query(`ALTER TABLE events ADD CONSTRAINT seeded CHECK (name <> 'broken')`);
  }
  async function mend(): Promise<void> {
    await pipeline.db.database.query('ALTER TABLE events DROP CONSTRAINT seeded');
  }

  async function expectAccounted(): Promise<void> {
    for (const { firstOffset, nextOffset, stored, duplicate, dead, erased } of await pipeline.positions()) {
      expect(stored + duplicate + dead + erased).toBe(nextOffset - firstOffset);
    }
  }

  it('stores what was refused once its cause is gone, once however often, and is no new letter when it fails', async () => {
    await breakStore();
    const id = randomUUID();
    const garbage = Buffer.from([0xff, 0xfe]);
    await produce(wire(id, 'broken'), garbage, null, '{"foreign":true}');
    await pipeline.drained(60_000);
    expect(await letters()).toHaveLength(4);

    expect(await post('replay', { all: true })).toEqual({ matched: 4, replayed: 4 });
    await pipeline.drained(60_000);
    expect((await letters()).map(({ status, attempts }) => [status, attempts])).toEqual(Array(4).fill(['open', 1]));

    await mend();
    const broken = (await letters()).find(({ stage }) => stage === 'store');
    expect(broken).toMatchObject({ eventId: id, value: expect.any(Buffer) as Buffer });
    await Promise.all([post(`${broken!.id}/replay`), post(`${broken!.id}/replay`)]);
    await pipeline.drained(60_000);
    expect(await pipeline.storedIds()).toEqual([id]);
    expect((await letters()).filter(({ status }) => status === 'replayed')).toMatchObject([{ id: broken!.id }]);
    expect(await letters()).toHaveLength(4);
    await expectAccounted();
  });

  it('of a Segment message that its door refused lists it with bytes and reason, and leaves it open', async () => {
    const batch = { batch: [{ type: 'track', userId: 'u', messageId: 'm-1' }] };
    const answer = await request(url).post('/v1/batch').auth(pipeline.key, '').send(batch);
    expect([answer.status, answer.body]).toEqual([200, { success: true }]);
    await eventually(async () => {
      const list = await request(url).get('/api/v1/dead-letters?stage=accept').set('X-API-Key', key);
      expect(list.body).toMatchObject({
        data: [{ stage: 'accept', status: 'open', detail: expect.stringMatching(/event/) as string }],
      });
    }, 60_000);
    const [letter] = await letters();
    expect(letter!.eventId).toBeDefined();
    expect(letter!.value!.toString()).toContain('m-1');
    expect(await post(`${letter!.id}/replay`)).toEqual({ matched: 1, replayed: 0 });
    expect(await letters()).toMatchObject([{ status: 'open', attempts: 1 }]);
  });

  it('goes past a letter that is too large for the topic, and leaves it open', async () => {
    const ids = [randomUUID(), randomUUID()];
    const [first, last] = ids.map((id) => wire(id, 'n'));
    await keepLetters([first!, 'x'.repeat(1_500_000), last!]);
    expect(await post('replay', { all: true })).toEqual({ matched: 3, replayed: 2 });
    await eventually(async () => {
      expect((await letters()).map(({ status }) => status)).toEqual(['replayed', 'open', 'replayed']);
    }, 60_000);
    expect((await pipeline.storedIds()).sort()).toEqual([...ids].sort());
    const [, large] = await letters();
    expect(await post(`${large!.id}/replay`)).toEqual({ matched: 1, replayed: 0 });
  });

  it('loses and doubles nothing when the consumer is killed in the midst of it', async () => {
    const events = 600;
    const ids = Array.from({ length: events }, () => randomUUID());
    await keepLetters(ids.map((id) => wire(id, 'n')));
    const replay = post('replay', { all: true, rate: 300 });
    await eventually(async () => {
      expect((await pipeline.storedIds()).length).toBeGreaterThan(100);
    }, 60_000);
    await consumer.kill();
    pipeline.consumer();
    expect(await replay).toEqual({ matched: events, replayed: events });
    await pipeline.drained(60_000);
    expect((await pipeline.storedIds()).sort()).toEqual([...ids].sort());
    const all = await letters();
    expect(all).toHaveLength(events);
    expect(all.every(({ status }) => status === 'replayed')).toBe(true);
    await expectAccounted();
  });

  /** Letters as the consumer writes them, without the hour that it takes to be refused 600 times below 5 %. */
  async function keepLetters(values: readonly string[]): Promise<void> {
    await pipeline.db.database.query(
      `INSERT INTO dead_letters (topic, partition, "offset", project_id, value, headers, stage, reason, detail)
       SELECT 'kafka:before/t', 0, n, 1, value, $2::jsonb, 'store', 'STORE_REFUSED', 'seeded'
       FROM unnest($1::bytea[]) WITH ORDINALITY AS u(value, n)`,
      [values.map((value) => Buffer.from(value)), JSON.stringify({ project: [Buffer.from('1').toString('base64')] })],
    );
  }
});
