import { gzipSync } from 'node:zlib';
import { eventually, TcpProxy } from '@app/testing';
import { askingGraphql, codesOf, STRICT } from './graphql-client';
import { RawConnection } from './raw-connection';
import { runningApi, type TestApi } from './running-api';

jest.setTimeout(120_000);

const QUERY = '{ lastEvents { id } }';

let test: TestApi;

beforeAll(async () => {
  test = await runningApi();
});
afterAll(() => test.stop());

interface Sent {
  readonly accept?: string;
  readonly type?: string;
  readonly headers?: Record<string, string>;
}

function post(body: string | Uint8Array, { accept = STRICT, type = 'application/json', headers = {} }: Sent = {}) {
  return fetch(`${test.api.url}/graphql`, {
    method: 'POST',
    headers: { 'X-API-Key': test.key, Accept: accept, 'Content-Type': type, ...headers },
    body: body as never,
  });
}

function get(parameters: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${test.api.url}/graphql?${new URLSearchParams(parameters).toString()}`, {
    headers: { 'X-API-Key': test.key, Accept: STRICT, ...headers },
  });
}

const typeOf = (answer: Response): string | null => answer.headers.get('content-type');

describe('media types and statuses, by GraphQL over HTTP', () => {
  it.each([
    [STRICT, STRICT],
    [`${STRICT}, application/json;q=0.9`, STRICT],
    ['application/json', 'application/json'],
    ['*/*', 'application/json'],
    ['image/png', 'application/json'],
  ])('Accept: %s is answered as %s', async (accept, expected) => {
    const answer = await post(JSON.stringify({ query: QUERY }), { accept });
    expect([answer.status, typeOf(answer)]).toEqual([200, `${expected}; charset=utf-8`]);
    expect(await answer.json()).toEqual({ data: { lastEvents: [] } });
  });

  it.each([
    ['a document that is none', { query: '{' }, 'malformed'],
    ['an unknown field', { query: '{ nothing }' }, 'invalid'],
    ['an unknown argument', { query: '{ lastEvents(sort: 1) { id } }' }, 'invalid'],
    [
      'a variable of a wrong type',
      { query: 'query ($n: Int) { lastEvents(limit: $n) { id } }', variables: { n: '5' } },
      'invalid',
    ],
    [
      'a number too large',
      { query: 'query ($n: Int) { lastEvents(limit: $n) { id } }', variables: { n: 1e10 } },
      'invalid',
    ],
    ['a missing variable', { query: 'query ($d: String!) { retention(startDate: $d) { cohortSize } }' }, 'invalid'],
    ['an operation that is not there', { query: 'query A { dau { date } }', operationName: 'B' }, 'invalid'],
    ['two operations and no name', { query: 'query A { dau { date } } query B { dau { date } }' }, 'invalid'],
    ['a mutation', { query: 'mutation { dropAll }' }, 'invalid'],
    ['a subscription', { query: 'subscription { eventStream { id } }' }, 'invalid'],
    ['too many fields', { query: `{ ${'dau { date } '.repeat(200)} }` }, 'too-many-fields'],
  ])('%s is 400, and 200 for those who know only JSON', async (_, body, code) => {
    const strict = await post(JSON.stringify(body));
    expect([strict.status, typeOf(strict)]).toEqual([400, `${STRICT}; charset=utf-8`]);
    const said = (await strict.json()) as { errors: { extensions: { code: string } }[] };
    expect(said).not.toHaveProperty('data');
    expect(said.errors[0]?.extensions.code).toBe(code);
    const loose = await post(JSON.stringify(body), { accept: 'application/json' });
    expect([loose.status, await loose.json()]).toEqual([200, said]);
  });

  it.each([
    ['no JSON', '{', 400],
    ['no body', '', 400],
    ['null', 'null', 400],
    ['a batch', `[{"query":"${QUERY}"}]`, 400],
    ['no query', '{}', 400],
    ['a query that is no text', '{"query":{}}', 400],
    ['variables that are no object', `{"query":"${QUERY}","variables":[]}`, 400],
    ['variables that are text', `{"query":"${QUERY}","variables":"{}"}`, 400],
    ['a name that is no text', `{"query":"${QUERY}","operationName":1}`, 400],
    ['extensions that are no object', `{"query":"${QUERY}","extensions":1}`, 400],
    ['invalid UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 400],
    ['variables nested too deep', `{"query":"${QUERY}","variables":{"a":${'['.repeat(40)}${']'.repeat(40)}}}`, 422],
    ['a body of 1 MB', JSON.stringify({ query: QUERY, pad: 'x'.repeat(1_000_000) }), 413],
  ])('%s is a problem', async (_, body, status) => {
    for (const accept of [STRICT, 'application/json']) {
      const answer = await post(body, { accept });
      expect([answer.status, typeOf(answer)]).toEqual([status, 'application/problem+json']);
    }
  });

  it('a body that inflates to more than it may is 413, one that does not is taken', async () => {
    const gzip = { headers: { 'Content-Encoding': 'gzip' } };
    expect((await post(gzipSync(JSON.stringify({ query: QUERY })), gzip)).status).toBe(200);
    const bomb = gzipSync(JSON.stringify({ query: QUERY, pad: 'x'.repeat(300_000) }));
    expect((await post(bomb, gzip)).status).toBe(413);
  });

  it.each(['text/plain', 'application/graphql', 'application/json; charset=utf-16'])('%s is 415', async (type) => {
    const answer = await post(JSON.stringify({ query: QUERY }), { type });
    expect([answer.status, typeOf(answer)]).toEqual([415, 'application/problem+json']);
  });

  it('members that the specification does not know are ignored', async () => {
    const body = { query: QUERY, operationName: null, variables: null, extensions: {}, id: 'x', __proto__x: 1 };
    expect((await post(JSON.stringify(body))).status).toBe(200);
  });
});

describe('GET', () => {
  it('takes a query with its variables', async () => {
    const query = 'query A($n: Int) { lastEvents(limit: $n) { id } } query B { dau { date } }';
    const answer = await get({ query, operationName: 'A', variables: '{"n":3}' });
    expect([answer.status, await answer.json()]).toEqual([200, { data: { lastEvents: [] } }]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it.each([
    ['no query', {}],
    ['variables that are no JSON', { query: QUERY, variables: '{' }],
  ])('with %s is 400', async (_, parameters) => {
    expect((await get(parameters as Record<string, string>)).status).toBe(400);
  });

  it('is 401 without a key, whatever it asks', async () => {
    for (const parameters of [{}, { query: QUERY }, { query: '{' }]) {
      const url = `${test.api.url}/graphql?${new URLSearchParams(parameters as Record<string, string>).toString()}`;
      const answer = await fetch(url);
      expect([answer.status, typeOf(answer)]).toEqual([401, 'application/problem+json']);
    }
  });
});

describe('the playground', () => {
  const browser = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

  it.each(['/graphql', '/graphql/', '/graphql?query={dau{date}}'])('is at %s, without a key', async (path) => {
    const answer = await fetch(test.api.url + path, { headers: browser });
    expect([answer.status, typeOf(answer)]).toEqual([200, 'text/html; charset=utf-8']);
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/);
    const page = await answer.text();
    expect(page).not.toMatch(/https?:\/\/|<script>| on\w+=/);
    const links = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link = '']) => link);
    const files = links.filter((link) => link !== 'data:,');
    expect(files).toHaveLength(3);
    const base = new URL(path, test.api.url);
    for (const link of files) {
      expect(link).not.toMatch(/^\/|:/); // relative, so that it works below any path
      const file = await fetch(new URL(link, base));
      expect(file.status).toBe(200);
      expect((await file.arrayBuffer()).byteLength).toBeGreaterThan(1000);
    }
  });

  it('has its workers beside it, and no other files', async () => {
    for (const name of ['editor.worker.js', 'json.worker.js', 'graphql.worker.js'])
      expect((await fetch(`${test.api.url}/graphql/${name}`)).status).toBe(200);
    for (const name of ['package.json', '..%2fpackage.json', 'toString', '__proto__'])
      expect((await fetch(`${test.api.url}/graphql/${name}`)).status).toBe(404);
  });
});

it('leaves one line and one count for each request, of its route and not of its query', async () => {
  const id = 'graphql-line-1';
  await post(JSON.stringify({ query: '{ secret: lastEvents { id } }' }), { headers: { 'X-Request-Id': id } });
  await get({ query: '{ secret: lastEvents { id } }' });
  const line = test.lines.find(({ request_id }) => request_id === id);
  expect(line).toMatchObject({ method: 'POST', path: '/graphql', status: 200, key_id: expect.any(String) as string });
  expect(JSON.stringify(test.lines)).not.toContain('secret');
  const metrics = await (await fetch(`${test.api.url}/metrics`)).text();
  expect(metrics).toContain('http_requests_total{method="POST",route="/graphql",status="200"}');
});

it('is 503 when PostgreSQL is away, and says nothing of the inside', async () => {
  const url = new URL(test.db.url);
  const proxy = await TcpProxy.to(Number(url.port), url.hostname);
  url.host = `127.0.0.1:${proxy.port}`;
  const away = await runningApi({ DATABASE_URL: url.href });
  const ask = askingGraphql(away.api.url, await test.addKey(['read']));
  const query = '{ dau { date } lastEvents { id } __typename }';
  expect((await ask(query)).errors).toEqual([]);
  proxy.cut();
  for (const accept of [STRICT, 'application/json']) {
    const { status, headers, data, errors } = await ask('{ dau { date } lastEvents { id } }', { accept });
    expect([status, headers.get('retry-after'), data]).toEqual([503, '2', undefined]);
    expect(errors).toMatchObject([
      { path: ['dau'], extensions: { code: 'unavailable' } },
      { path: ['lastEvents'], extensions: { code: 'unavailable' } },
    ]);
    expect(errors[0]?.message).toBe('PostgreSQL does not answer, or cannot do this now. Try again in a moment.');
  }
  // What needs no database is answered, and what does says why it is not.
  const partly = await ask(query);
  expect([partly.status, partly.data, codesOf(partly)]).toEqual([
    200,
    { dau: null, lastEvents: null, __typename: 'Query' },
    ['unavailable'],
  ]);
  proxy.heal();
  await eventually(async () => {
    expect((await ask(query)).errors).toEqual([]);
  });
  await away.stop();
  await proxy.close();
});

it('events of a client that offers another protocol are taken', async () => {
  const body = '{"name":"from.java"}';
  const connection = await RawConnection.to(Number(new URL(test.api.url).port));
  const head = [
    'POST /api/v1/events HTTP/1.1',
    'Host: x',
    'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c',
    'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
    'Content-Type: application/json',
    `X-API-Key: ${test.key}`,
    `Content-Length: ${body.length}`,
  ];
  await connection.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  await eventually(() => {
    expect(connection.statuses).toEqual([202]);
  });
  await connection.write(`GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  await connection.closed;
  expect(connection.statuses).toEqual([202, 200]);
});
