import request from 'supertest';
import { DeadLetters, EventStore, type NewDeadLetter } from '@app/persistence';
import { runningApi, type TestApi } from './running-api';

jest.setTimeout(60_000);

const PATH = '/api/v1/dead-letters';

let test: TestApi;
let admin: string;
let foreign: string;
let offset = 0;

beforeAll(async () => {
  test = await runningApi();
  admin = await test.addKey(['admin']);
  const sql = `INSERT INTO projects (name) VALUES ('other') RETURNING id`;
  const [project] = await test.db.database.query<{ id: number }>(sql);
  foreign = await test.addKey(['admin'], project!.id);
});
afterAll(() => test.stop());
beforeEach(async () => {
  await test.db.database.query('DELETE FROM dead_letters; DELETE FROM log_records');
});

const letter: NewDeadLetter = {
  projectId: 1,
  value: Buffer.from('{"hello":"wörld"}'),
  key: Buffer.from([0xff]),
  headers: { project: Buffer.from('1'), request_id: Buffer.from('r-1'), twice: [Buffer.from('a'), Buffer.from('b')] },
  stage: 'decode',
  reason: 'MALFORMED_EVENT',
  detail: 'event_id is missing',
  eventId: undefined,
  ingestId: undefined,
  loggedAt: 0,
};

/** @returns the ids of the letters. */
async function aLetter(...changes: Partial<NewDeadLetter>[]): Promise<string[]> {
  const outcomes = changes.map((change) => {
    const kind = 'dead-letter' as const;
    return { partition: 0, offset: offset++, kind, letter: { ...letter, ...change } };
  });
  await new EventStore(test.db.database).insert({
    group: 'g',
    topic: 'kafka:c/events.v1',
    outcomes,
    logEnds: new Map(),
  });
  const all = await new DeadLetters(test.db.database).list(10_000);
  return all.slice(-changes.length).map(({ id }) => id);
}

async function get(path: string, key = admin): Promise<request.Response> {
  return request(test.api.url).get(`${PATH}${path}`).set('X-API-Key', key);
}

async function post(path: string, body?: object | string, key = admin): Promise<request.Response> {
  return request(test.api.url).post(`${PATH}${path}`).set('X-API-Key', key).type('json').send(body);
}

async function logSize(): Promise<number> {
  const [row] = await test.db.database.query<{ count: number }>('SELECT count(*)::int4 AS count FROM log_records');
  return row!.count;
}

function idsOf({ body }: request.Response): string[] {
  return (body as { data: { id: string }[] }).data.map(({ id }) => id);
}

describe('the list', () => {
  it('shows open letters, newest first, page by page, without their bytes', async () => {
    const [a, b, c] = await aLetter({}, { value: null, eventId: '0199d0a8-0000-7000-8000-000000000001' }, {});
    const first = await get('?limit=2');
    expect(first.status).toBe(200);
    expect(idsOf(first)).toEqual([c, b]);
    const { data, next_cursor } = first.body as { data: unknown[]; next_cursor: string };
    expect(data[1]).toEqual({
      id: b,
      status: 'open',
      stage: 'decode',
      reason: 'MALFORMED_EVENT',
      detail: 'event_id is missing',
      event_id: '0199d0a8-0000-7000-8000-000000000001',
      topic: 'events.v1',
      partition: 0,
      offset: offset - 2,
      value_bytes: null,
      attempts: 0,
      created_at: expect.any(String) as string,
      resolved_at: null,
    });
    const second = await get(`?limit=2&cursor=${next_cursor}`);
    expect(second.body).toMatchObject({ data: [{ id: a, value_bytes: 18 }], next_cursor: null });
  });

  it('takes every filter', async () => {
    const [a, b] = await aLetter({ stage: 'store', reason: 'STORE_REFUSED' }, {});
    await post(`/${b}/replay`);
    await request(test.api.url).delete(`${PATH}/${b}`).set('X-API-Key', admin);
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    const found = async (query: string): Promise<string[]> => idsOf(await get(query));
    expect(await found('?stage=store')).toEqual([a]);
    expect(await found('?stage=accept')).toEqual([]);
    expect(await found('?reason=STORE_REFUSED&topic=events.v1')).toEqual([a]);
    expect(await found('?topic=kafka:c/events.v1')).toEqual([a]);
    expect(await found('?topic=v1')).toEqual([]);
    expect(await found('?status=discarded')).toEqual([b]);
    expect(await found('?status=all')).toEqual([b, a]);
    expect(await found(`?from=2026-01-01T00:00:00Z&to=${tomorrow}`)).toEqual([a]);
    expect(await found(`?from=${tomorrow}`)).toEqual([]);
  });

  it.each([
    'limit=0',
    'limit=201',
    'cursor=x',
    'status=lost',
    'stage=',
    'reason=%00',
    'from=2026-02-30',
    'from=2026-01-02&to=2026-01-01',
    'reason=a&reason=b',
    'other=1',
  ])('refuses %s', async (query) => {
    expect((await get(`?${query}`)).status).toBe(422);
  });
});

describe('one letter', () => {
  it('shows its bytes, as text too where they are text', async () => {
    const [id] = await aLetter({});
    const found = await get(`/${id}`);
    expect(found.status).toBe(200);
    expect(found.body).toMatchObject({
      id,
      key: { base64: '/w==', text: null },
      value: { base64: letter.value!.toString('base64'), text: '{"hello":"wörld"}' },
    });
    const { headers } = found.body as { headers: { name: string; text: string }[] };
    expect(headers.map(({ name, text }) => [name, text]).sort()).toEqual([
      ['project', '1'],
      ['request_id', 'r-1'],
      ['twice', 'a'],
      ['twice', 'b'],
    ]);
  });

  it.each([
    ['x', 422],
    ['0', 422],
    ['9999999999999999999', 422],
    ['999999999999999999', 404],
  ])('%s is answered %d', async (id, status) => {
    expect((await get(`/${id}`)).status).toBe(status);
    expect((await post(`/${id}/replay`)).status).toBe(status);
  });

  it('of another project is not there, on every call', async () => {
    const [id] = await aLetter({});
    expect(idsOf(await get('?status=all', foreign))).toEqual([]);
    expect((await get(`/${id}`, foreign)).status).toBe(404);
    expect((await post(`/${id}/replay`, undefined, foreign)).status).toBe(404);
    expect((await request(test.api.url).delete(`${PATH}/${id}`).set('X-API-Key', foreign)).status).toBe(404);
    expect((await post('/replay', { all: true }, foreign)).body).toEqual({ matched: 0, replayed: 0 });
    expect((await post('/discard', { all: true }, foreign)).body).toEqual({ matched: 0, discarded: 0 });
    expect((await get(`/${id}`)).body).toMatchObject({ status: 'open', attempts: 0 });
    expect(await logSize()).toBe(0);
  });

  it('needs the scope admin', async () => {
    expect((await get('', test.key)).status).toBe(403);
    expect((await post('/replay', { all: true }, test.key)).status).toBe(403);
    expect((await request(test.api.url).get(PATH)).status).toBe(401);
  });
});

describe('a replay', () => {
  it('puts the open letters of a filter on the log, and only counts them when it is dry', async () => {
    await aLetter({}, { stage: 'store', reason: 'STORE_REFUSED' }, {});
    const body = { filter: { stage: 'decode', reason: null } };
    expect((await post('/replay', { ...body, dry_run: true })).body).toEqual({ matched: 2, replayed: 0 });
    expect(await logSize()).toBe(0);
    const replayed = await post('/replay', { ...body, rate: 100_000 });
    expect(replayed.status).toBe(202);
    expect(replayed.body).toEqual({ matched: 2, replayed: 2 });
    expect(await logSize()).toBe(2);
  });

  it('keeps to its rate', async () => {
    await aLetter(...Array.from({ length: 15 }, () => ({})));
    const startedAt = performance.now();
    expect((await post('/replay', { all: true, rate: 10 })).body).toEqual({ matched: 15, replayed: 15 });
    expect(performance.now() - startedAt).toBeGreaterThan(1300);
  });

  it('goes on from the cursor of one that stopped, and leaves out what came since', async () => {
    const [a, b, c] = await aLetter({}, {}, {}, {});
    const answer = await post('/replay', { all: true, cursor: `${a}.${c}` });
    expect(answer.body).toEqual({ matched: 2, replayed: 2 });
    expect((await post('/replay', { all: true, cursor: `${b}.${b}` })).body).toEqual({ matched: 0, replayed: 0 });
  });

  it('of what its door refuses still counts the attempt and leaves the letter open', async () => {
    const headers = { ...letter.headers, door: Buffer.from('segment'), refused: Buffer.from('INVALID') };
    const [segment, older, unknown] = await aLetter(
      { stage: 'accept', headers, value: Buffer.from('{"batch":[{}]}') },
      { stage: 'decode', headers, value: Buffer.from('{"batch":[{}]}') },
      { stage: 'accept' },
    );
    expect((await post(`/${segment}/replay`)).body).toEqual({ matched: 1, replayed: 0 });
    expect((await post(`/${older}/replay`)).body).toEqual({ matched: 1, replayed: 0 });
    expect((await post(`/${unknown}/replay`)).body).toEqual({ matched: 1, replayed: 0 });
    const still = { status: 'open', attempts: 1, stage: 'accept' };
    expect((await get(`/${segment}`)).body).toMatchObject(still);
    expect((await get(`/${older}`)).body).toMatchObject(still);
    expect(await logSize()).toBe(0);
  });

  // Older consumers kept what a door had refused as `decode`: the header alone tells.
  it.each(['accept', 'decode'] as const)(
    'of what its door takes by now (%s) is one event every time',
    async (stage) => {
      const headers = { ...letter.headers, door: Buffer.from('segment'), refused: Buffer.from('INVALID') };
      const value = Buffer.from('{"batch":[{"type":"page","userId":"u"}]}');
      const [id] = await aLetter({ stage, headers, value });
      expect((await post(`/${id}/replay`)).body).toEqual({ matched: 1, replayed: 1 });
      expect((await post(`/${id}/replay`)).body).toEqual({ matched: 1, replayed: 1 });
      const sql = `SELECT convert_from(value, 'UTF8')::json AS event, encode(headers, 'escape') AS headers FROM log_records`;
      const rows = await test.db.database.query<{ event: Record<string, string>; headers: string }>(sql);
      expect(rows[0]!.headers).toMatch(/^(?!.*refused).*replay_of/s);
      const { event_id, created_at } = (await get(`/${id}`)).body as Record<string, string>;
      const event = { event_id, received_at: created_at };
      expect(rows).toMatchObject([{ event }, { event }]);
    },
  );
});

describe('a discard', () => {
  it('lets go of the bytes and keeps the letter, which cannot be replayed any more', async () => {
    const [id] = await aLetter({});
    const discard = async () => request(test.api.url).delete(`${PATH}/${id}`).set('X-API-Key', admin);
    const discarded = await discard();
    expect([discarded.status, discarded.body]).toEqual([202, { matched: 1, discarded: 1 }]);
    expect((await discard()).body).toEqual({ matched: 1, discarded: 0 });
    expect((await get(`/${id}`)).body).toMatchObject({
      status: 'discarded',
      reason: 'MALFORMED_EVENT',
      key: null,
      value: null,
      headers: [],
    });
    expect((await post(`/${id}/replay`)).status).toBe(422);
    expect((await post('/replay', { all: true })).body).toEqual({ matched: 0, replayed: 0 });
  });

  it('takes the open letters of a filter', async () => {
    await aLetter({}, { stage: 'store', reason: 'STORE_REFUSED' }, {});
    const body = { filter: { stage: 'decode' } };
    expect((await post('/discard', { ...body, dry_run: true })).body).toEqual({ matched: 2, discarded: 0 });
    expect((await post('/discard', body)).body).toEqual({ matched: 2, discarded: 2 });
    expect((await post('/discard', body)).body).toEqual({ matched: 0, discarded: 0 });
    expect(idsOf(await get(''))).toHaveLength(1);
  });
});

describe.each(['/replay', '/discard'])('an order to %s', (path) => {
  it.each<[string, object]>([
    ['nothing said', {}],
    ['an empty filter', { filter: {} }],
    ['a filter that is none', { filter: [] }],
    ['all and a filter', { all: true, filter: { stage: 'decode' } }],
    ['an unknown member', { all: true, force: true }],
    ['an unknown part of a filter', { filter: { status: 'open' } }],
    ['a stage that is none', { filter: { stage: 1 } }],
    ['NUL in a reason', { filter: { reason: 'a\0' } }],
    ['a time without a zone', { filter: { from: '2026-01-01T00:00:00' } }],
    ['no object', []],
  ])('with %s is refused', async (_, body) => {
    const [id] = await aLetter({});
    expect((await post(path, body)).status).toBe(422);
    expect((await get(`/${id}`)).body).toMatchObject({ status: 'open' });
  });

  it('needs a JSON body', async () => {
    const url = PATH + path;
    expect((await post(path, '{')).status).toBe(400);
    expect((await request(test.api.url).post(url).set('X-API-Key', admin)).status).toBe(422);
    const text = request(test.api.url).post(url).set('X-API-Key', admin).type('text').send('{"all":true}');
    expect((await text).status).toBe(415);
  });
});

it.each<object>([
  ...[0, 1.5, -1, 100_001, '5', {}].map((rate) => ({ rate })),
  ...['', '5', '1.x', '99999999999999999999.1', 7].map((cursor) => ({ cursor })),
])('refuses a replay with %j', async (wrong) => {
  expect((await post('/replay', { all: true, ...wrong })).status).toBe(422);
});
