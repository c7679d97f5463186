import request from 'supertest';
import { eventually, SseClient, type SseOptions } from '@app/testing';
import type { TestApi } from './running-api';

export const STREAM_PATH = '/api/v1/events/stream';

/** Clients of live streams of one test, and what is posted for them to see. */
export class Followers {
  private readonly clients: SseClient[] = [];

  constructor(private readonly test: () => TestApi) {}

  async follow(query = '', options: SseOptions = {}, url = this.test().api.url): Promise<SseClient> {
    const client = await SseClient.open(`${url}${STREAM_PATH}${query}`, { key: this.test().key, ...options });
    this.clients.push(client);
    return client;
  }

  /** Follows, and has been told where it begins: what is posted from now on comes. */
  async following(query = '', options: SseOptions = {}): Promise<SseClient> {
    const client = await this.follow(query, options);
    await eventually(() => {
      expect(client.lastEventId).toMatch(/^1-/);
    });
    return client;
  }

  async post(events: object | readonly object[], key = this.test().key): Promise<void> {
    const answer = await request(this.test().api.url).post('/api/v1/events').set('X-API-Key', key).send(events);
    expect(answer.status).toBe(202);
  }

  close(): void {
    for (const client of this.clients.splice(0)) client.close();
  }
}

/** Events of one user with `data.n` from `from` up to `to`, excluded. */
export function numbered(from: number, to: number, more: object = {}): object[] {
  return numbers(from, to).map((n) => ({ name: 'tick', user_id: 'u', data: { n }, ...more }));
}

export function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

export async function sees(client: SseClient, expected: readonly number[]): Promise<void> {
  await eventually(() => {
    expect(client.numbers).toEqual(expected);
  });
}
