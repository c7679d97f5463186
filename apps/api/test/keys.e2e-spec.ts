import request, { type Test } from 'supertest';
import { eventually } from '@app/testing';
import { runningApi, type TestApi } from './running-api';

interface NewKey {
  readonly id: string;
  readonly key: string;
}
interface Page {
  readonly data: readonly Record<string, unknown>[];
  readonly next_cursor: string | null;
}

const EVENTS = '/api/v1/events';
const KEYS = '/api/v1/keys';
const PROJECTS = '/api/v1/projects';
const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;

let test: TestApi;
let admin: string;

beforeEach(async () => {
  test = await runningApi();
  admin = await test.addKey(['admin']);
});
afterEach(() => test.stop());

type Method = 'get' | 'post' | 'delete';

function call(method: Method, path: string, key = admin, body?: object | string): Test {
  const sent = request(test.api.url)[method](path).set('X-API-Key', key);
  return body === undefined ? sent : sent.set('Content-Type', 'application/json').send(body);
}

async function makeKey(body: object, key = admin): Promise<NewKey> {
  const answer = await call('post', KEYS, key, body);
  expect(answer.status).toBe(201);
  return answer.body as NewKey;
}

async function statusOf(key: string): Promise<number> {
  return (await call('get', EVENTS, key)).status;
}

describe('a key', () => {
  it('is made, shown once, and works at once with its scopes and no other', async () => {
    const answer = await call('post', KEYS, admin, { name: 'shop', scopes: ['ingest'] });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.any(String) as string,
      name: 'shop',
      scopes: ['ingest'],
      project: { id: 1, name: 'default' },
      key: expect.stringMatching(/^mr_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}_[0-9a-z]{7}$/) as string,
      created_at: ISO,
      expires_at: null,
    });
    const { id, key } = answer.body as NewKey;
    expect((await call('post', EVENTS, key, { name: 'n' })).status).toBe(202);
    expect(await statusOf(key)).toBe(403);
    const list = await call('get', KEYS);
    const listed = (list.body as Page).data.find((item) => item['id'] === id);
    expect(listed).toEqual({
      id,
      name: 'shop',
      scopes: ['ingest'],
      project: { id: 1, name: 'default' },
      created_at: ISO,
      expires_at: null,
      revoked_at: null,
      last_used_at: null,
    });
    const said = JSON.stringify(test.lines);
    expect(list.text + said).not.toContain(key.split('_')[2]);
  });

  it('is rotated to a second one of its own id, and the first works until it is revoked', async () => {
    const old = await makeKey({ name: 'shop', scopes: ['read'] });
    const rotated = await call('post', `${KEYS}/${old.id}/rotate`);
    expect(rotated.status).toBe(201);
    expect(rotated.body).toMatchObject({ name: 'shop', scopes: ['read'], project: { id: 1 } });
    const second = rotated.body as NewKey;
    expect(second.id).not.toBe(old.id);
    expect([await statusOf(old.key), await statusOf(second.key)]).toEqual([200, 200]);
    expect((await call('delete', `${KEYS}/${old.id}`)).status).toBe(204);
    expect([await statusOf(old.key), await statusOf(second.key)]).toEqual([401, 200]);
    expect((await call('delete', `${KEYS}/${old.id}`)).status).toBe(204);
    const again = await call('post', `${KEYS}/${old.id}/rotate`);
    expect([again.status, again.body]).toMatchObject([422, { errors: [{ field: 'id' }] }]);
  });

  it('stops at its expiry, and its successor lives as long', async () => {
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    const { id } = await makeKey({ name: 'n', scopes: ['read'], expires_at });
    const { expires_at: next } = (await call('post', `${KEYS}/${id}/rotate`)).body as { expires_at: string };
    expect(Math.abs(Date.parse(next) - Date.parse(expires_at))).toBeLessThan(60_000);
    const short = await makeKey({ name: 'n', scopes: ['read'], expires_at: new Date(Date.now() + 5000).toISOString() });
    await eventually(async () => {
      expect(await statusOf(short.key)).toBe(401);
    });
  });

  it('tells when it was last used, written behind the back of requests', async () => {
    const { id, key } = await makeKey({ name: 'n', scopes: ['read'] });
    expect(await statusOf(key)).toBe(200);
    await test.api.close();
    const [row] = await test.db.database.query<{ used: Date | null }>(
      'SELECT last_used_at AS used FROM api_keys WHERE id = $1',
      [id],
    );
    expect(Math.abs((row?.used?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it('that is the last administrator of project default is not revoked, any other is, oneself included', async () => {
    const id = admin.split('_')[1] ?? '';
    const refused = await call('delete', `${KEYS}/${id}`);
    expect([refused.status, refused.body]).toMatchObject([422, { errors: [{ field: 'id', code: 'conflict' }] }]);
    await makeKey({ name: 'second', scopes: ['admin'] });
    expect((await call('delete', `${KEYS}/${id}`)).status).toBe(204);
    expect((await call('get', KEYS)).status).toBe(401);
  });

  it.each([
    ['a name', { scopes: ['read'] }, 'name'],
    ['a name that is one', { name: '', scopes: ['read'] }, 'name'],
    ['a name without control characters', { name: 'a\u0000b', scopes: ['read'] }, 'name'],
    ['a name of 200 characters', { name: 'x'.repeat(201), scopes: ['read'] }, 'name'],
    ['scopes', { name: 'n' }, 'scopes'],
    ['a scope', { name: 'n', scopes: [] }, 'scopes'],
    ['known scopes', { name: 'n', scopes: ['root'] }, 'scopes'],
    ['each scope once', { name: 'n', scopes: ['read', 'read'] }, 'scopes'],
    ['a project that is there', { name: 'n', scopes: ['read'], project: 'nowhere' }, 'project'],
    ['a project of a kind', { name: 'n', scopes: ['read'], project: { a: 1 } }, 'project'],
    ['a project in range', { name: 'n', scopes: ['read'], project: 99_999_999_999 }, 'project'],
    ['an instant as expiry', { name: 'n', scopes: ['read'], expires_at: '2026-13-01' }, 'expires_at'],
    ['an expiry to come', { name: 'n', scopes: ['read'], expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    ['known fields only', { name: 'n', scopes: ['read'], hash: 'x' }, 'hash'],
  ])('needs %s', async (_what, body, field) => {
    const answer = await call('post', KEYS, admin, body);
    expect(answer.status).toBe(422);
    expect((answer.body as { errors: { field: string }[] }).errors[0]?.field).toBe(field);
  });

  it('is not made of what is no JSON object', async () => {
    expect((await call('post', KEYS, admin, '{')).status).toBe(400);
    expect((await call('post', KEYS, admin, '[1]')).status).toBe(422);
    expect((await call('post', KEYS, admin)).status).toBe(422);
    expect((await call('post', KEYS, admin, '{"__proto__":1,"name":"n","scopes":["read"]}')).status).toBe(422);
    const deep = `{"name":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect((await call('post', KEYS, admin, deep)).status).toBe(422);
    const form = request(test.api.url).post(KEYS).set('X-API-Key', admin).set('Content-Type', 'text/plain');
    expect((await form.send('name=n')).status).toBe(415);
    for (const id of ['%00', 'x', '../events', "'--"]) {
      expect((await call('delete', `${KEYS}/${encodeURIComponent(id)}`)).status).toBe(404);
    }
  });
});

describe('projects', () => {
  it('are made and listed by administrators of default, each with keys of its own', async () => {
    const made = await call('post', PROJECTS, admin, { name: 'second' });
    const whole = { retention_days: null, events_from: null };
    expect([made.status, made.body]).toEqual([201, { id: expect.any(Number) as number, name: 'second', ...whole }]);
    const { id } = made.body as { id: number };
    expect((await call('get', PROJECTS)).body).toEqual({
      data: [
        { id: 1, name: 'default', ...whole },
        { id, name: 'second', ...whole },
      ],
      next_cursor: null,
    });
    for (const project of [id, String(id), 'second']) await makeKey({ name: 'n', scopes: ['read'], project });
    const twice = await call('post', PROJECTS, admin, { name: 'second' });
    expect([twice.status, twice.body]).toMatchObject([422, { errors: [{ field: 'name' }] }]);
    for (const name of ['12', '', 5, null]) expect((await call('post', PROJECTS, admin, { name })).status).toBe(422);
  });

  it('are closed to each other: an administrator of one sees and makes the keys of that one', async () => {
    const { id } = (await call('post', PROJECTS, admin, { name: 'second' })).body as { id: number };
    const { key: local } = await makeKey({ name: 'local', scopes: ['admin'], project: id });
    const own = await makeKey({ name: 'own', scopes: ['read'] }, local);
    const names = ((await call('get', KEYS, local)).body as Page).data.map(({ name }) => name);
    expect(names.sort()).toEqual(['local', 'own']);
    expect(await statusOf(own.key)).toBe(200);
    for (const project of [1, 'default', 'nowhere']) {
      const refused = await call('post', KEYS, local, { name: 'n', scopes: ['read'], project });
      expect([refused.status, refused.body]).toMatchObject([422, { errors: [{ field: 'project' }] }]);
    }
    expect((await call('get', PROJECTS, local)).status).toBe(403);
    expect((await call('post', PROJECTS, local, { name: 'third' })).status).toBe(403);
    const foreign = admin.split('_')[1] ?? '';
    expect((await call('delete', `${KEYS}/${foreign}`, local)).status).toBe(404);
    expect((await call('post', `${KEYS}/${foreign}/rotate`, local)).status).toBe(404);
    expect((await call('get', KEYS)).status).toBe(200);
    expect((await call('delete', `${KEYS}/${own.id}`)).status).toBe(204);
    expect(await statusOf(own.key)).toBe(401);
  });
});

describe('a list', () => {
  it('leads from page to page to the end, with every key once', async () => {
    for (let n = 0; n < 5; n += 1) await makeKey({ name: `n${n}`, scopes: ['read'] });
    const all = (await call('get', `${KEYS}?limit=200`)).body as Page;
    const seen: unknown[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Page = (await call('get', `${KEYS}?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)).body as Page;
      seen.push(...page.data);
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(all.data);
    expect(seen).toHaveLength(7);
    expect((await call('get', `${PROJECTS}?limit=1`)).body).toMatchObject({ next_cursor: null });
  });

  it.each(['limit=0', 'limit=201', 'limit=x', 'cursor=x', 'sort=name'])('refuses %s', async (query) => {
    for (const path of [KEYS, PROJECTS]) expect((await call('get', `${path}?${query}`)).status).toBe(422);
  });
});

describe('a ticket', () => {
  const TICKETS = '/api/v1/tickets';
  const by = (ticket: string, path = EVENTS): Test => request(test.api.url).get(`${path}?limit=5&ticket=${ticket}`);

  async function issue(key = test.key): Promise<string> {
    const answer = await call('post', TICKETS, key);
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({ ticket: expect.stringMatching(/^mrt_[\w-]{43}$/) as string, expires_at: ISO });
    const { ticket, expires_at } = answer.body as { ticket: string; expires_at: string };
    expect(Math.abs(Date.parse(expires_at) - Date.now() - 60_000)).toBeLessThan(30_000);
    return ticket;
  }

  it('stands in for a key once, whichever replica is asked, also by many at the same moment', async () => {
    const replica = await test.addReplica();
    const ticket = await issue();
    const urls = Array.from({ length: 10 }, (_, n) => (n % 2 === 0 ? test.api.url : replica.url));
    const answers = await Promise.all(urls.map((url) => request(url).get(`${EVENTS}?ticket=${ticket}`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(401)]);
    const [row] = await test.db.database.query<{ count: number }>('SELECT count(*)::int AS count FROM tickets');
    expect(row?.count).toBe(0);
  });

  it('reads and nothing else, even that of an administrator', async () => {
    expect((await by(await issue(admin), KEYS)).status).toBe(401);
    const ticket = await issue(admin);
    expect((await request(test.api.url).post(`${EVENTS}?ticket=${ticket}`).send({ name: 'n' })).status).toBe(401);
    expect((await request(test.api.url).post(`${TICKETS}?ticket=${ticket}`)).status).toBe(401);
    expect((await by(ticket)).status).toBe(200);
    expect((await call('post', TICKETS, await test.addKey(['ingest']))).status).toBe(403);
  });

  it('is worth nothing when it has expired, its key was revoked, or it is made up', async () => {
    const ticket = await issue();
    await test.db.database.query(`UPDATE tickets SET expires_at = now() - interval '1 second'`);
    expect((await by(ticket)).status).toBe(401);
    const { id, key } = await makeKey({ name: 'n', scopes: ['read'] });
    const orphan = await issue(key);
    expect((await call('delete', `${KEYS}/${id}`)).status).toBe(204);
    expect((await by(orphan)).status).toBe(401);
    for (const made of [`mrt_${'A'.repeat(43)}`, '', 'x', '%00', `${ticket}&ticket=${ticket}`]) {
      expect((await by(made)).status).toBe(401);
    }
    expect((await by(test.key)).status).toBe(401);
  });

  it('is forgotten after it has expired, and stays out of the log', async () => {
    const ticket = await issue();
    await test.db.database.query(`UPDATE tickets SET expires_at = now() - interval '1 second'`);
    const second = await issue();
    const [row] = await test.db.database.query<{ count: number }>('SELECT count(*)::int AS count FROM tickets');
    expect(row?.count).toBe(1);
    expect((await by(second)).status).toBe(200);
    await eventually(() => {
      expect(test.lines.filter(({ path }) => path === EVENTS)).not.toHaveLength(0);
    });
    expect(JSON.stringify(test.lines)).not.toMatch(new RegExp(`mrt_|${ticket}`));
  });
});
