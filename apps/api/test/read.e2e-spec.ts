import { randomUUID } from 'node:crypto';
import request, { type Test } from 'supertest';
import { parseEvent, type Event } from '@app/events';
import { storeEvents } from '@app/testing';
import { runningApi, type TestApi } from './running-api';

interface Page {
  readonly data: readonly { readonly event_id: string }[];
  readonly next_cursor: string | null;
}

const receivedAt = new Date('2026-03-01T12:00:00.000Z');

let test: TestApi;

beforeAll(async () => {
  test = await runningApi();
});

afterAll(() => test.stop());

function anEvent(body: Record<string, unknown>, projectId = 1): Event {
  const parsed = parseEvent({ name: 'n', ...body }, { projectId, receivedAt });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return parsed.event;
}

const stored = (...events: Event[]): Promise<void> => storeEvents(test.db.database, events);

function get(path: string): Test {
  return request(test.api.url).get(path).set('X-API-Key', test.key);
}

describe('GET /api/v1/events/{id}', () => {
  it('gives the event as it was sent, in any case of the id', async () => {
    const event = anEvent({
      source: 'shop',
      user_id: 'u1',
      occurred_at: '2016-02-27T22:55:12.345Z',
      amount: 12.5,
      data: { text: 'é😀', big: 1e20, small: 5e-324, nested: [{ a: null }], __proto__x: 1 },
    });
    await stored(event);
    const answer = await get(`/api/v1/events/${event.eventId.toUpperCase()}`);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      event_id: event.eventId,
      name: 'n',
      source: 'shop',
      user_id: 'u1',
      occurred_at: '2016-02-27T22:55:12.345Z',
      received_at: '2026-03-01T12:00:00.000Z',
      stored_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      amount: 12.5,
      data: { text: 'é😀', big: 1e20, small: 5e-324, nested: [{ a: null }], __proto__x: 1 },
      context: null,
    });
  });

  it('is 404 for an id that is not stored, and for one of another project', async () => {
    await test.db.database.query(`INSERT INTO projects (id, name) VALUES (2, 'other') ON CONFLICT DO NOTHING`);
    const foreign = anEvent({}, 2);
    await stored(foreign);
    expect((await get(`/api/v1/events/${randomUUID()}`)).status).toBe(404);
    expect((await get(`/api/v1/events/${foreign.eventId}`)).status).toBe(404);
  });

  it('is 422 for what is no UUID', async () => {
    const answer = await get('/api/v1/events/123');
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ field: 'event_id', code: 'format' }] });
  });
});

describe('GET /api/v1/events', () => {
  it('lists newest first by the time the event occurred, 20 by default', async () => {
    const events = Array.from({ length: 25 }, (_, index) =>
      anEvent({ name: 'listed', occurred_at: new Date(Date.UTC(2026, 1, 1, 0, 0, index)).toISOString() }),
    );
    await stored(...events);
    const answer = await get('/api/v1/events');
    const { data } = answer.body as { data: { event_id: string }[] };
    expect(answer.status).toBe(200);
    expect(data).toHaveLength(20);
    const newest = [...events].reverse().map((event) => event.eventId);
    const listed = data.map((event) => event.event_id).filter((id) => newest.includes(id));
    expect(listed).toEqual(newest.slice(0, listed.length));
    expect((await get('/api/v1/events?limit=3')).body).toMatchObject({ data: { length: 3 } });
  });

  it('leads from page to page to the end, past events of one time, whatever is stored meanwhile', async () => {
    const occurred_at = '2025-01-01T00:00:00.000Z';
    await stored(...Array.from({ length: 7 }, () => anEvent({ name: 'paged', occurred_at })));
    const everything = (await get('/api/v1/events?limit=200')).body as Page;
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = (await get(`/api/v1/events?limit=3${cursor}`)).body as Page;
      seen.push(...page.data.map((event) => event.event_id));
      cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`;
      await stored(anEvent({ name: 'newer' }));
    } while (cursor !== '');
    expect(seen).toEqual(everything.data.map((event) => event.event_id));
    expect(everything.next_cursor).toBeNull();
  });

  it.each(['x', 'MTIz', Buffer.from('99999999999999999.a').toString('base64url')])(
    'refuses the cursor %s',
    async (cursor) => {
      const answer = await get(`/api/v1/events?cursor=${cursor}`);
      expect(answer.status).toBe(422);
      expect(answer.body).toMatchObject({ errors: [{ field: 'cursor', code: 'format' }] });
    },
  );

  it.each(['0', '201', '-1', '1.5', 'x', '', '1e1'])('refuses limit=%s and names it', async (limit) => {
    const answer = await get(`/api/v1/events?limit=${limit}`);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ field: 'limit' }] });
  });

  it('refuses a parameter that it does not know', async () => {
    const answer = await get('/api/v1/events?limit=5&sort=name');
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ field: 'sort', code: 'unknown_field' }] });
  });

  it('needs a key with the scope read', async () => {
    expect((await request(test.api.url).get('/api/v1/events')).status).toBe(401);
    const key = await test.addKey(['ingest']);
    expect((await request(test.api.url).get('/api/v1/events').set('X-API-Key', key)).status).toBe(403);
  });
});

describe('health', () => {
  it('says that the process lives and is ready, without a key', async () => {
    expect((await request(test.api.url).get('/healthz')).body).toEqual({ status: 'ok' });
    expect((await request(test.api.url).get('/readyz')).body).toEqual({ status: 'ready' });
  });
});
