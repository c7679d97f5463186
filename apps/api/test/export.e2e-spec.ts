import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { eventually } from '@app/testing';
import request from 'supertest';
import { runningApi, type TestApi } from './running-api';
import { storeBodies } from './store-bodies';

jest.setTimeout(120_000);

const HEADER = 'event_id,occurred_at,received_at,stored_at,user_id,name,source,amount,data';
const MANY = 12_000;

let test: TestApi;
let many: string;

beforeAll(async () => {
  test = await runningApi();
  await test.db.database.query(`INSERT INTO projects (id, name) VALUES (2, 'many'), (3, 'third'), (4, 'few')`);
  many = await test.addKey(['read'], 2);
  const bodies = Array.from({ length: MANY }, (_, n) => ({
    name: n % 3 === 0 ? 'third' : 'other',
    occurred_at: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
    data: { n, text: 'x'.repeat(1000) },
  }));
  await storeBodies(test.db.database, bodies, 2);
});
afterAll(() => test.stop());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

async function get(path: string, key = test.key): Promise<Answer> {
  const answer = await fetch(test.api.url + path, { headers: { 'X-API-Key': key } });
  return { status: answer.status, headers: answer.headers, body: await answer.text() };
}

const linesOf = ({ body }: Answer): string[] => body.trimEnd().split('\n');

/** Reads nothing of the answer until it is told to. */
async function slowReader(path: string, key: string): Promise<{ socket: Socket; head: Promise<string> }> {
  const { hostname, port } = new URL(test.api.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nX-API-Key: ${key}\r\nConnection: close\r\n\r\n`);
  const head = once(socket, 'data').then(([chunk]: Buffer[]) => {
    socket.pause();
    return chunk!.toString('latin1').split('\r\n')[0] ?? '';
  });
  return { socket, head };
}

describe('an export', () => {
  it('as CSV has the columns of the contract, newest first, and is a file to save', async () => {
    const [event] = await storeBodies(
      test.db.database,
      [
        {
          event_id: '0192f0c1-2345-7abc-8def-0123456789ab',
          name: 'order "paid", 1',
          source: '=shop',
          user_id: 'ü😀',
          occurred_at: '2026-01-02T03:04:05.678Z',
          amount: -1e-9,
          data: { text: 'a\nb"c' },
        },
        { name: 'older', occurred_at: '2026-01-01T00:00:00Z' },
      ],
      4,
    );
    const key = await test.addKey(['read'], 4);
    const answer = await get('/api/v1/events.csv', key);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toMatch(
      /^attachment; filename="millrace-events-\d{8}T\d{6}Z\.csv"$/,
    );
    const [head, first, second, ...rest] = linesOf(answer);
    expect(head).toBe(HEADER);
    const times = `2026-01-02T03:04:05.678Z,${event!.receivedAt.toISOString()},\\d{4}-\\d\\d-\\d\\dT[\\d:.]{12}Z`;
    expect(first).toMatch(
      new RegExp(
        `^0192f0c1-2345-7abc-8def-0123456789ab,${times},ü😀,"order ""paid"", 1",=shop,-0\\.000000001,` +
          `"\\{""text"":""a\\\\nb\\\\""c""\\}"$`,
      ),
    );
    expect(second).toMatch(/,,older,,,\{\}$/);
    expect(rest).toEqual([]);
    const safe = await get('/api/v1/events.csv?spreadsheet=true', key);
    expect(linesOf(safe)[1]).toContain(`,"order ""paid"", 1",'=shop,'-0.000000001,`);
    expect((await get('/api/v1/events.csv?spreadsheet=false', key)).body).toBe(answer.body);
  });

  it('as NDJSON has the events as lists have them', async () => {
    const key = await test.addKey(['read'], 4);
    const answer = await get('/api/v1/events.ndjson', key);
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    expect(answer.headers.get('content-disposition')).toMatch(/\.ndjson"$/);
    const list = await request(test.api.url).get('/api/v1/events').set('X-API-Key', key);
    const events = linesOf(answer).map((line) => JSON.parse(line) as unknown);
    expect(events).toEqual((list.body as { data: unknown[] }).data);
    expect(events).toHaveLength(2);
  });

  it('has every event of the project, over many pages, and with filters those that match', async () => {
    const lines = linesOf(await get('/api/v1/events.csv', many));
    const times = lines.slice(1).map((line) => line.split(',')[1]!);
    expect(times).toHaveLength(MANY);
    expect(times).toEqual([...times].sort().reverse());
    const query = 'name=third&from=2026-01-01T00:00:00Z&to=2026-01-01T01:00:00Z';
    expect(linesOf(await get(`/api/v1/events.ndjson?${query}`, many))).toHaveLength(1200);
    expect((await get(`/api/v1/events.csv?name=none`, many)).body).toBe(`${HEADER}\n`);
    expect((await get(`/api/v1/events.ndjson?name=none`, many)).body).toBe('');
  });

  it('has every event of 100 KB too, some of which make a page', async () => {
    await test.db.database.query(`INSERT INTO projects (id, name) VALUES (5, 'large')`);
    const data = { text: 'x'.repeat(100_000) };
    const bodies = Array.from({ length: 60 }, (_, n) => ({ name: `n${n}`, data: n < 40 ? data : {} }));
    await storeBodies(test.db.database, bodies, 5);
    const lines = linesOf(await get('/api/v1/events.ndjson', await test.addKey(['read'], 5)));
    const names = lines.map((line) => (JSON.parse(line) as { name: string }).name);
    expect(new Set(names).size).toBe(60);
    expect(lines).toHaveLength(60);
  });

  it.each([
    ['events.csv?name=', 'name'],
    ['events.csv?limit=5', 'limit'],
    ['events.csv?cursor=x', 'cursor'],
    ['events.csv?spreadsheet=yes', 'spreadsheet'],
    ['events.csv?spreadsheet=true&spreadsheet=true', 'spreadsheet'],
    ['events.ndjson?spreadsheet=true', 'spreadsheet'],
    ['events.ndjson?from=2026-01-02&to=2026-01-01', 'from'],
  ])('refuses %s and names the parameter', async (path, field) => {
    const answer = await request(test.api.url).get(`/api/v1/${path}`).set('X-API-Key', test.key);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ field }] });
  });

  it('is loaded by a browser with a ticket, once', async () => {
    const issued = await request(test.api.url).post('/api/v1/tickets').set('X-API-Key', many);
    const { ticket } = issued.body as { ticket: string };
    const path = `${test.api.url}/api/v1/events.csv?name=third&ticket=${ticket}`;
    const answer = await fetch(path);
    expect(answer.status).toBe(200);
    expect((await answer.text()).trimEnd().split('\n')).toHaveLength(MANY / 3 + 1);
    expect((await fetch(path)).status).toBe(401);
  });

  it('answers HEAD with the headers and reads nothing', async () => {
    const answer = await request(test.api.url).head('/api/v1/events.csv').set('X-API-Key', many);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8');
  });

  it('does not show what is stored behind it, and shows what comes late in front', async () => {
    const key = await test.addKey(['read'], 2);
    const { socket, head } = await slowReader('/api/v1/events.ndjson', key);
    expect(await head).toBe('HTTP/1.1 200 OK');
    await storeBodies(test.db.database, [{ name: 'newer', occurred_at: '2026-02-01T00:00:00Z' }], 2);
    await storeBodies(test.db.database, [{ name: 'late', occurred_at: '2025-12-31T00:00:00Z' }], 2);
    const body = await text(socket);
    expect(body.includes('"late"')).toBe(true);
    expect(body.includes('"newer"')).toBe(false);
  });
});

describe('exports at once', () => {
  it('are two of a project and four of all; who comes too many is told when to come again', async () => {
    const paths = ['/api/v1/events.csv', '/api/v1/events.ndjson'];
    const running = await Promise.all(paths.map((path) => slowReader(path, many)));
    expect(await Promise.all(running.map(({ head }) => head))).toEqual(['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK']);
    const third = await request(test.api.url).get('/api/v1/events.csv').set('X-API-Key', many);
    expect(third.status).toBe(429);
    expect(third.headers['retry-after']).toBe('5');
    expect(third.body).toMatchObject({ type: 'urn:millrace:problem:too-many-exports' });
    expect((await get('/api/v1/events.csv')).status).toBe(200);
    // Who is gone makes room.
    for (const { socket } of running) socket.destroy();
    await eventually(async () => {
      const again = await request(test.api.url).head('/api/v1/events.csv').set('X-API-Key', many);
      expect(again.status).toBe(200);
    });
  });
});

describe('an export that fails', () => {
  it('before it began is an answer like any', async () => {
    await test.db.database.query('ALTER TABLE events RENAME TO away');
    const answer = await request(test.api.url).get('/api/v1/events.csv').set('X-API-Key', many);
    await test.db.database.query('ALTER TABLE away RENAME TO events');
    expect(answer.status).toBe(503);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.headers['content-disposition']).toBeUndefined();
  });

  it('in its middle is broken off, so that nobody takes it for the whole', async () => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      httpGet(`${test.api.url}/api/v1/events.csv`, { headers: { 'X-API-Key': many } }, resolve).on('error', reject);
    });
    await once(response, 'readable');
    await test.db.database.query('ALTER TABLE events RENAME TO away');
    await expect(text(response)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await test.db.database.query('ALTER TABLE away RENAME TO events');
    expect(response.complete).toBe(false);
    expect(test.lines).toContainEqual(expect.objectContaining({ level: 40, msg: 'An export was broken off.' }));
  });
});
