import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { describeWithKafka, eventually } from '@app/testing';
import { Pipeline } from './pipeline';

/** Booting, joining and ten seconds of waiting, on a slow machine. */
jest.setTimeout(180_000);

interface Answer {
  readonly status: number;
  readonly body: {
    readonly name?: string;
    readonly event_id?: string;
    readonly event_ids?: readonly (string | null)[];
    readonly status?: unknown;
    readonly stored_at?: string;
    readonly data?: unknown;
    readonly errors?: unknown;
    readonly accepted?: number;
    readonly rejected?: number;
  };
}

describeWithKafka('?wait=stored with several API processes and consumers', ([broker = '']) => {
  let pipeline: Pipeline;
  let urls: readonly string[];

  beforeAll(async () => {
    pipeline = await Pipeline.open(broker);
    urls = (await Promise.all([pipeline.api(), pipeline.api(), pipeline.api()])).map(({ url }) => url);
  });
  afterAll(() => pipeline.close());

  async function post(body: unknown, api = 0, query = '?wait=stored'): Promise<Answer> {
    const answer = await fetch(`${urls[api] ?? ''}/api/v1/events${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': pipeline.key },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Answer['body'] };
  }

  async function stored(eventId: string): Promise<boolean> {
    return (await pipeline.storedIds()).includes(eventId);
  }

  it('is 202 after ten seconds while nothing stores', async () => {
    const startedAt = performance.now();
    const [one, many] = await Promise.all([post({ name: 'early' }), post([{ name: 'early' }, { name: '' }], 1)]);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(9_900);
    expect(one).toMatchObject({ status: 202, body: { status: 'accepted' } });
    expect(many).toMatchObject({ status: 202, body: { accepted: 1, rejected: 1 } });
    expect(many.body).not.toHaveProperty('data');
  });

  describe('while consumers run', () => {
    beforeAll(async () => {
      await Promise.all([pipeline.joinedConsumer(), pipeline.joinedConsumer()]);
      await pipeline.drained(60_000);
    });

    it('is 201 with the event that PostgreSQL has, whatever process is asked', async () => {
      const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => post({ name: 'n', data: { n } }, n % 3)));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
      expect(answers.map(({ body }) => body.data)).toEqual(answers.map((_, n) => ({ n })));
      const rows = new Set(await pipeline.storedIds());
      for (const { body } of answers) expect(rows.has(body.event_id ?? '')).toBe(true);
    });

    it('is 200 with the first event when the id was there before', async () => {
      const event_id = randomUUID();
      expect(await post({ event_id, name: 'first' })).toMatchObject({ status: 201, body: { name: 'first' } });
      expect(await post({ event_id, name: 'second' }, 1)).toMatchObject({ status: 200, body: { name: 'first' } });
    });

    it('gives one 201 for an id that several send at once', async () => {
      const event_id = randomUUID();
      const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => post({ event_id, name: `n${n}` }, n % 3)));
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(11);
      expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    });

    it('answers an array with the stored events in its order, and 200 the second time', async () => {
      const ids = Array.from({ length: 300 }, () => randomUUID());
      const body = [...ids.map((event_id) => ({ event_id, name: 'n' })), { name: '' }];
      const first = await post(body);
      expect(first).toMatchObject({ status: 201, body: { accepted: 300, rejected: 1, event_ids: [...ids, null] } });
      expect(first.body.data).toMatchObject([...ids.map((event_id) => ({ event_id })), null]);
      expect(await post(body, 2)).toEqual({ status: 200, body: first.body });
      const more = await post([{ event_id: ids[0], name: 'n' }, { name: 'new' }], 1);
      expect(more).toMatchObject({ status: 201, body: { accepted: 2, data: [{ event_id: ids[0] }, { name: 'new' }] } });
    });

    it('is 422 with the reason when the event becomes a dead letter', async () => {
      await pipeline.db.database.query(`ALTER TABLE events ADD CONSTRAINT no_poison CHECK (name <> 'poison')`);
      const event_id = randomUUID();
      const one = await post({ event_id, name: 'poison' });
      expect(one).toMatchObject({ status: 422, body: { errors: [{ field: '', code: 'dead_lettered' }] } });
      expect(JSON.stringify(one.body.errors)).toContain('STORE_REFUSED');
      const many = await post([{ name: 'good' }, { name: 'poison' }], 1);
      expect(many).toMatchObject({
        status: 201,
        body: {
          accepted: 1,
          rejected: 1,
          errors: [{ index: 1, code: 'dead_lettered' }],
          data: [{ name: 'good' }, null],
        },
      });
      const traced = await fetch(`${urls[2] ?? ''}/api/v1/events/${event_id}/trace`, {
        headers: { 'x-api-key': pipeline.key },
      });
      expect(await traced.json()).toMatchObject({ status: 'dead_lettered', topic: pipeline.topic.topic });
    });

    it('writes no request into the ledger for those that do not wait', async () => {
      const { body } = await post({ name: 'quiet' }, 0, '');
      const eventId = body.event_id ?? '';
      await eventually(async () => {
        expect(await stored(eventId)).toBe(true);
      }, 60_000);
      const rows = await pipeline.db.database.query('SELECT ingest_id FROM event_ids WHERE event_id = $1', [eventId]);
      expect(rows).toEqual([{ ingest_id: null }]);
    });
  });
});
