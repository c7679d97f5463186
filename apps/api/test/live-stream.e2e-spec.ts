import { randomUUID } from 'node:crypto';
import request from 'supertest';
import { eventually, SseClient } from '@app/testing';
import { Followers, numbered, numbers, sees, STREAM_PATH } from './live-followers';
import { runningApi, type TestApi } from './running-api';

jest.setTimeout(120_000);

let test: TestApi;
let foreign: string;
const followers = new Followers(() => test);

beforeAll(async () => {
  test = await runningApi();
  await test.db.database.query(`INSERT INTO projects (name) VALUES ('other')`);
  foreign = await test.addKey(['ingest', 'read'], 2);
});
afterEach(() => {
  followers.close();
});
afterAll(() => test.stop());

describe('following events', () => {
  it('shows an event as lists do, before it is stored', async () => {
    const client = await followers.following();
    expect(client.status).toBe(200);
    expect(client.header('content-type')).toBe('text/event-stream');
    expect(client.header('cache-control')).toContain('no-cache');
    const event = { event_id: randomUUID(), name: 'order.paid', user_id: 'u1', source: 'shop', amount: 1.5 };
    const data = { text: 'line\nbreak', list: [1, null] };
    await followers.post({ ...event, data, occurred_at: '2026-01-02T03:04:05.678Z' });
    await eventually(() => {
      expect(client.events).toEqual([
        {
          ...event,
          data,
          occurred_at: '2026-01-02T03:04:05.678Z',
          received_at: expect.stringMatching(/Z$/) as string,
          stored_at: null,
          context: null,
        },
      ]);
    });
  });

  it('shows what comes from now on, each of one user in its order', async () => {
    const client = await followers.following();
    for (let n = 0; n < 40; n += 4) await followers.post(numbered(n, n + 4));
    await sees(client, numbers(0, 40));
    const later = await followers.following();
    await followers.post(numbered(40, 50));
    await sees(later, numbers(40, 50));
  });

  it('shows only what matches, and nothing of another project', async () => {
    const all = await followers.following();
    const paid = await followers.following('?name=paid&source=shop&user_id=u1');
    const old = await followers.following('?from=2026-01-01&to=2026-01-02T00:00:00Z');
    const other = await followers.following('', { key: foreign });
    const base = { name: 'paid', source: 'shop', user_id: 'u1', occurred_at: '2026-03-01T00:00:00Z' };
    await followers.post([
      { ...base, data: { n: 1 } },
      { ...base, name: 'sent', data: { n: 2 } },
      { ...base, source: 'till', data: { n: 3 } },
      { ...base, user_id: 'u2', data: { n: 4 } },
      { ...base, name: 'old', occurred_at: '2026-01-01T00:00:00Z', data: { n: 5 } },
      { ...base, name: 'old', occurred_at: '2026-01-02T00:00:00Z', data: { n: 6 } },
    ]);
    await followers.post({ ...base, data: { n: 7 } }, foreign);
    await eventually(() => {
      expect(all.numbers.sort()).toEqual([1, 2, 3, 4, 5, 6]);
      expect(paid.numbers).toEqual([1]);
      expect(old.numbers).toEqual([5]);
      expect(other.numbers).toEqual([7]);
    });
  });

  it('goes on behind the id of the last event, without a gap and without a repeat', async () => {
    const first = await followers.following();
    await followers.post(numbered(0, 10));
    await sees(first, numbers(0, 10));
    const { lastEventId } = first;
    first.close();
    await followers.post(numbered(10, 20));
    const byHeader = await followers.following('', { lastEventId });
    const byUrl = await followers.following(`?last_event_id=${String(lastEventId)}`);
    await followers.post(numbered(20, 30));
    await sees(byHeader, numbers(10, 30));
    await sees(byUrl, numbers(10, 30));
  });

  it('goes on at another replica, whose ring has not been there', async () => {
    const first = await followers.following();
    const users = ['a', 'b', 'c', 'd', 'e'];
    for (const user_id of users) await followers.post(numbered(0, 5, { user_id }));
    await eventually(() => {
      expect(first.events).toHaveLength(25);
    });
    const { lastEventId } = first;
    for (const user_id of users) await followers.post(numbered(5, 10, { user_id }));
    const replica = await test.addReplica();
    const second = await followers.follow('', { lastEventId }, replica.url);
    await eventually(() => {
      for (const user of users) {
        const seen = second.events
          .filter(({ user_id }) => user_id === user)
          .map(({ data }) => (data as { n: number }).n);
        expect(seen).toEqual(numbers(5, 10));
      }
    });
  });

  it('shows an event once that was sent again with its id', async () => {
    const client = await followers.following();
    const event_id = randomUUID();
    for (const n of [0, 1, 2]) await followers.post({ event_id, name: 'tick', user_id: `u${n}`, data: { n } });
    await followers.post({ name: 'tick', data: { n: 3 } });
    await eventually(() => {
      expect(client.numbers).toContain(3);
    });
    expect(client.numbers).toEqual([0, 3]);
  });

  it('shows nothing of what consumers make dead letters of', async () => {
    const client = await followers.following();
    const refused = { batch: [{ type: 'track', event: '', userId: 'u' }] };
    await request(test.api.url).post('/v1/batch').auth(test.key, '').send(refused).expect(200);
    await followers.post(numbered(0, 1));
    await sees(client, [0]);
  });

  it.each(['x', '1-', '1-0-1', '1-9f86d081-', '1-9f86d081-zzzzzzzzzzz', '1-9f86d081-1..2', '2-9f86d081-1'])(
    'refuses the id %s',
    async (id) => {
      const byHeader = await request(test.api.url).get(STREAM_PATH).set('X-API-Key', test.key).set('Last-Event-ID', id);
      expect(byHeader.status).toBe(422);
      expect((byHeader.body as { errors: unknown }).errors).toMatchObject([{ field: 'Last-Event-ID' }]);
      const byUrl = await request(test.api.url)
        .get(STREAM_PATH)
        .set('X-API-Key', test.key)
        .query({ last_event_id: id });
      expect(byUrl.status).toBe(422);
      expect((byUrl.body as { errors: unknown }).errors).toMatchObject([{ field: 'last_event_id' }]);
    },
  );

  it('refuses parameters that it does not have, and filters that are none', async () => {
    for (const query of ['limit=1', 'name=', 'from=yesterday', 'from=2026-02-01&to=2026-01-01']) {
      const answer = await request(test.api.url).get(`${STREAM_PATH}?${query}`).set('X-API-Key', test.key);
      expect([query, answer.status]).toEqual([query, 422]);
    }
  });

  it('lets a browser in by a ticket, once', async () => {
    const issued = await request(test.api.url).post('/api/v1/tickets').set('X-API-Key', test.key);
    const { ticket } = issued.body as { ticket: string };
    const client = await SseClient.open(`${test.api.url}${STREAM_PATH}?ticket=${ticket}`, {});
    await eventually(() => {
      expect(client.lastEventId).toBeDefined();
    });
    await followers.post(numbered(0, 1));
    await sees(client, [0]);
    client.close();
    expect((await request(test.api.url).get(`${STREAM_PATH}?ticket=${ticket}`)).status).toBe(401);
  });
});

describe('a position that the log has no more', () => {
  it('is told by one gap, and the stream goes on with the oldest event', async () => {
    const first = await followers.following();
    await followers.post(numbered(0, 1));
    await sees(first, [0]);
    const { lastEventId } = first;
    first.close();
    const replica = await test.addReplica();
    await followers.post(numbered(1, 10));
    await forgetUpTo(3);
    const before = await gapOf(replica.url, lastEventId);
    const gap = before.messages.find(({ event }) => event === 'gap');
    const { missing, partitions } = JSON.parse(gap?.data ?? '{}') as { missing: number; partitions: unknown[] };
    expect(missing).toBeGreaterThanOrEqual(3);
    expect(partitions.length).toBeGreaterThan(0);
    expect(gap?.id).toMatch(/^1-/);
  });

  it.each([
    ['another log', () => '1-00000000-1.2.3'],
    ['more partitions than the log has', (position: string) => `${position}${'.1'.repeat(20)}`],
  ])('is told when it is of %s, and the stream starts with the oldest event', async (_, foreign) => {
    const replica = await test.addReplica();
    const { lastEventId: now = '' } = await followers.following();
    const client = await gapOf(replica.url, foreign(now));
    const gap = client.messages.find(({ event }) => event === 'gap');
    expect(JSON.parse(gap?.data ?? '{}')).toMatchObject({ missing: null });
  });

  /** As retention does it: from the oldest on. */
  async function forgetUpTo(n: number): Promise<void> {
    await test.db.database.query(
      `DELETE FROM log_records AS old USING (
         SELECT partition, max("offset") AS last FROM log_records
         WHERE convert_from(value, 'UTF8')::jsonb -> 'data' ->> 'n' = $1 GROUP BY partition
       ) AS newest WHERE old.partition = newest.partition AND old."offset" <= newest.last`,
      [String(n)],
    );
  }

  /** Of one user: between partitions there is no order, so that the last event of all may be anybody's. */
  async function gapOf(url: string, lastEventId: string | undefined): Promise<SseClient> {
    const client = await followers.follow('?user_id=u', { lastEventId }, url);
    await sees(client, numbers(4, 10));
    expect(client.messages.filter(({ event }) => event === 'gap')).toHaveLength(1);
    return client;
  }
});
