import request from 'supertest';
import { runningApi, type TestApi } from './running-api';

const PATH = '/api/v1/events';

let test: TestApi;

beforeAll(async () => {
  test = await runningApi({ RATE_LIMIT_EVENTS_PER_SECOND: '50' });
});
afterAll(() => test.stop());

describe('OPTIONS', () => {
  it('tells the methods, without a key', async () => {
    const answer = await request(test.api.url).options(PATH);
    expect(answer.status).toBe(204);
    expect(answer.headers['allow']).toBe('GET, HEAD, OPTIONS, POST, PUT');
    expect(answer.headers).not.toHaveProperty('webhook-allowed-origin');
  });

  it('agrees to the deliveries of a web-hook, at the rate that a key has', async () => {
    const answer = await request(test.api.url)
      .options(PATH)
      .set({ 'WebHook-Request-Origin': 'eventemitter.example.com', 'WebHook-Request-Rate': '120' });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      allow: 'GET, HEAD, OPTIONS, POST, PUT',
      'webhook-allowed-origin': 'eventemitter.example.com',
      'webhook-allowed-rate': '3000',
    });
    expect(answer.headers['x-request-id']).toBeDefined();
  });
});
