import request from 'supertest';
import { eventually, SseClient } from '@app/testing';
import { Followers, numbers, sees, STREAM_PATH } from './live-followers';
import { runningApi, type TestApi } from './running-api';

jest.setTimeout(120_000);

let test: TestApi;
let admin: string;
const followers = new Followers(() => test);

beforeAll(async () => {
  test = await runningApi();
  admin = await test.addKey(['admin']);
});
afterEach(() => {
  followers.close();
});
afterAll(() => test.stop());

describe('the end of a stream', () => {
  it('comes to a client that takes nothing, and the others do not notice', async () => {
    const healthy = await followers.following();
    const stalled = await followers.following();
    stalled.stall();
    const text = 'x'.repeat(200_000);
    for (let n = 0; n < 120; n += 4) {
      await followers.post(
        Array.from({ length: 4 }, (_, i) => ({ name: 'big', user_id: 'u', data: { n: n + i, text } })),
      );
    }
    await sees(healthy, numbers(0, 120));
    await eventually(async () => {
      expect(await metric('live_dropped_total{reason="stalled"}')).toBe(1);
    }, 20_000);
    expect(healthy.over).toBe(false);
  });

  it('comes when its key is revoked', async () => {
    const key = await test.addKey(['read']);
    const client = await followers.following('', { key });
    await request(test.api.url)
      .delete(`/api/v1/keys/${key.split('_')[1]}`)
      .set('X-API-Key', admin)
      .expect(204);
    await eventually(() => {
      expect(client.over).toBe(true);
    });
  });

  it('is counted, and lets the next one in', async () => {
    const before = await metric('live_subscribers');
    const client = await followers.following();
    expect(await metric('live_subscribers')).toBe(before + 1);
    client.close();
    await eventually(async () => {
      expect(await metric('live_subscribers')).toBe(before);
    });
  });

  async function metric(name: string): Promise<number> {
    const { text } = await request(test.api.url).get('/metrics');
    const line = text.split('\n').find((each) => each.startsWith(`${name} `));
    return Number(line?.split(' ')[1]);
  }
});

describe('a process with all the streams it may have', () => {
  it('refuses the next one, and ends all of them at once when it stops', async () => {
    const small = await runningApi({ MILLRACE_LIVE_SUBSCRIBERS: '2' });
    const streams = await Promise.all(
      [1, 2].map(() => SseClient.open(`${small.api.url}${STREAM_PATH}`, { key: small.key })),
    );
    const refused = await request(small.api.url).get(STREAM_PATH).set('X-API-Key', small.key);
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after']).toMatch(/^\d+$/);
    expect(refused.body).toMatchObject({ type: 'urn:millrace:problem:too-many-streams' });
    const startedAt = Date.now();
    await small.stop();
    expect(Date.now() - startedAt).toBeLessThan(4000);
    await Promise.all(streams.map((stream) => stream.closed));
  });
});
