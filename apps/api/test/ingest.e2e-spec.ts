import { gzipSync } from 'node:zlib';
import request, { type Test } from 'supertest';
import { mintApiKey } from '@app/persistence';
import { runningApi, type TestApi } from './running-api';

const PATH = '/api/v1/events';
const ID = '0192f0c1-2345-7abc-8def-0123456789ab';

let test: TestApi;

beforeAll(async () => {
  test = await runningApi();
});

afterAll(() => test.stop());

function post(body: unknown, path = PATH): Test {
  return request(test.api.url)
    .post(path)
    .set('X-API-Key', test.key)
    .send(body as object);
}

function postRaw(body: string | Buffer, type: string | null = 'application/json'): Test {
  const call = request(test.api.url).post(PATH).set('X-API-Key', test.key);
  if (type === null) call.unset('Content-Type');
  else call.set('Content-Type', type);
  return call.serialize((value: unknown) => value as string).send(body as string);
}

/** Bodies of the records on the log that carry this request's id. */
async function logged(requestId: string): Promise<Record<string, unknown>[]> {
  const rows = await test.db.database.query<{ value: Buffer; headers: Buffer }>(
    `SELECT value, headers FROM log_records ORDER BY partition, "offset"`,
  );
  return rows
    .filter(({ headers }) => headers.includes(requestId))
    .map(({ value }) => JSON.parse(value.toString()) as Record<string, unknown>);
}

describe('one event', () => {
  it('is answered 202 with its id once the log has it', async () => {
    const answer = await post({ event_id: ID, name: 'user.created', data: { plan: 'pro' } }).set(
      'X-Request-Id',
      'req-1',
    );
    expect(answer.status).toBe(202);
    expect(answer.body).toEqual({ event_id: ID, status: 'accepted' });
    expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'x-request-id': 'req-1' });
    expect(await logged('req-1')).toEqual([
      expect.objectContaining({ v: 1, event_id: ID, name: 'user.created', data: { plan: 'pro' } }),
    ]);
  });

  it('gets an id when it brings none', async () => {
    const answer = await post({ name: 'n' });
    expect(answer.status).toBe(202);
    expect(answer.body).toEqual({
      event_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/) as string,
      status: 'accepted',
    });
  });

  it('is refused with field, code and message, as a problem of RFC 9457', async () => {
    const answer = await post({ name: '', colour: 1 });
    expect(answer.status).toBe(422);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.body).toEqual({
      type: 'urn:millrace:problem:invalid',
      title: 'The request breaks the contract',
      status: 422,
      detail: 'The event was not taken.',
      request_id: answer.headers['x-request-id'],
      errors: [
        { field: 'colour', code: 'unknown_field', message: 'is not a field of an event' },
        { field: 'name', code: 'length', message: 'must have 1 to 200 characters' },
      ],
    });
  });

  it('holds an integer that JSON.parse has rounded, and is refused for it', async () => {
    const answer = await postRaw('{"name":"n","data":{"id":9007199254740993}}');
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ field: 'data.id', code: 'number' }] });
    expect((await postRaw('{"name":"n","data":{"id":9007199254740993.0}}')).status).toBe(202);
  });

  it('may begin with a byte order mark and name its charset', async () => {
    expect((await postRaw('\ufeff{"name":"n"}', 'application/json; charset=UTF-8')).status).toBe(202);
  });

  it('may be gzipped', async () => {
    const answer = await postRaw(gzipSync('{"name":"zipped"}'))
      .set('Content-Encoding', 'gzip')
      .set('X-Request-Id', 'zip-1');
    expect(answer.status).toBe(202);
    expect(await logged('zip-1')).toEqual([expect.objectContaining({ name: 'zipped' })]);
  });
});

describe('an array', () => {
  it('is answered event by event: the good ones are taken, the bad ones named', async () => {
    const answer = await post([
      { event_id: ID, name: 'a' },
      { name: '' },
      { name: 'c', data: { x: [1, '\0'] } },
      { name: 'd' },
    ]);
    expect(answer.status).toBe(202);
    expect(answer.body).toEqual({
      accepted: 2,
      rejected: 2,
      event_ids: [ID, null, null, expect.any(String)],
      errors: [
        { index: 1, field: 'name', code: 'length', message: expect.any(String) as string },
        { index: 2, field: 'data.x[1]', code: 'nul', message: expect.any(String) as string },
      ],
    });
  });

  it('of bad events only is 422', async () => {
    const answer = await post([{ name: '' }, 5]);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      errors: [
        { index: 0, field: 'name' },
        { index: 1, field: '', code: 'type' },
      ],
    });
  });

  it('with ?atomic=true is refused whole for one bad event', async () => {
    const answer = await post([{ name: 'good' }, { name: '' }], `${PATH}?atomic=true`).set('X-Request-Id', 'atomic-1');
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ index: 1, field: 'name' }] });
    expect(await logged('atomic-1')).toEqual([]);
  });

  it('accepts both of two events with one id, and sends the first on', async () => {
    const id = ID.replace('0', '1');
    const answer = await post([
      { event_id: id, name: 'first' },
      { event_id: id.toUpperCase(), name: 'second' },
    ]).set('X-Request-Id', 'twice-1');
    expect(answer.body).toMatchObject({ accepted: 2, event_ids: [id, id] });
    expect(await logged('twice-1')).toEqual([expect.objectContaining({ name: 'first' })]);
  });

  it('may have 1000 events and no more', async () => {
    const events = Array.from({ length: 1000 }, () => ({ name: 'n' }));
    expect((await post(events)).body).toMatchObject({ accepted: 1000, rejected: 0, errors: [] });
    expect((await post([...events, { name: 'n' }])).status).toBe(422);
  });
});

describe('a body that cannot be used', () => {
  it.each<[string, number, string | Buffer, string | null]>([
    ['is empty', 400, '', 'application/json'],
    ['is no JSON', 400, '{"name":', 'application/json'],
    ['has bytes that are no UTF-8', 400, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 'application/json'],
    ['is an empty array', 422, '[]', 'application/json'],
    ['is a string', 422, '"x"', 'application/json'],
    ['is null', 422, 'null', 'application/json'],
    ['has no content type', 415, '{"name":"n"}', null],
    ['is a form', 415, 'name=n', 'application/x-www-form-urlencoded'],
    ['is text', 415, '{"name":"n"}', 'text/plain'],
    ['is in another charset', 415, '{"name":"n"}', 'application/json; charset=iso-8859-1'],
  ])('%s: %d', async (_, status, body, type) => {
    const answer = await postRaw(body, type);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ status, request_id: answer.headers['x-request-id'] });
  });

  it('has another encoding: 415', async () => {
    expect((await postRaw(Buffer.from('x')).set('Content-Encoding', 'br')).status).toBe(415);
  });

  it('claims to be gzip and is not: 400', async () => {
    expect((await postRaw(Buffer.from('{"name":"n"}')).set('Content-Encoding', 'gzip')).status).toBe(400);
  });

  it('has 5 MiB and one byte: 413; exactly 5 MiB are read', async () => {
    const padding = (bytes: number): string => `{"name":"n"}${' '.repeat(bytes - '{"name":"n"}'.length)}`;
    expect((await postRaw(padding(5_242_880))).status).toBe(202);
    expect((await postRaw(padding(5_242_881))).status).toBe(413);
    expect((await postRaw(gzipSync(padding(5_242_880))).set('Content-Encoding', 'gzip')).status).toBe(202);
    expect((await postRaw(gzipSync(padding(5_242_881))).set('Content-Encoding', 'gzip')).status).toBe(413);
  });

  it('is a gzip bomb of 1 GB: 413, and memory stays flat', async () => {
    const member = gzipSync(Buffer.alloc(1 << 26), { level: 9 });
    const bomb = Buffer.concat(Array<Buffer>(16).fill(member)); // gzip files may be joined end to end
    const before = process.memoryUsage().arrayBuffers;
    expect((await postRaw(bomb).set('Content-Encoding', 'gzip')).status).toBe(413);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
  });
});

describe('a call', () => {
  it.each([
    ['no key', {}],
    ['a key that is none', { 'X-API-Key': 'secret' }],
    ['a key of nobody', { 'X-API-Key': mintApiKey().text }],
    ['Basic credentials', { Authorization: 'Basic Zm9vOmJhcg==' }],
  ])('with %s is 401', async (_, headers) => {
    const answer = await request(test.api.url).post(PATH).set(headers).send({ name: 'n' });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('Bearer');
    expect(answer.body).toMatchObject({ type: 'urn:millrace:problem:unauthenticated', status: 401 });
  });

  it('may bring its key as a Bearer token', async () => {
    const call = request(test.api.url).post(PATH).set('Authorization', `Bearer ${test.key}`);
    expect((await call.send({ name: 'n' })).status).toBe(202);
  });

  it('needs the scope ingest; admin includes it', async () => {
    const asKey = async (key: string): Promise<number> =>
      (await request(test.api.url).post(PATH).set('X-API-Key', key).send({ name: 'n' })).status;
    expect(await asKey(await test.addKey(['read']))).toBe(403);
    expect(await asKey(await test.addKey(['ingest']))).toBe(202);
    expect(await asKey(await test.addKey(['admin']))).toBe(202);
  });

  it('with an unknown parameter is 422, not half understood', async () => {
    const answer = await post({ name: 'n' }, `${PATH}?later=true`);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ field: 'later', code: 'unknown_field' }] });
  });

  it('with a request id that is no sane token gets another', async () => {
    const answer = await post({ name: 'n' }).set('X-Request-Id', 'a b');
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('with another method is 405 and told which there are', async () => {
    const answer = await request(test.api.url).patch(PATH).set('X-API-Key', test.key).send({ name: 'n' });
    expect(answer.status).toBe(405);
    expect(answer.headers['allow']).toBe('GET, HEAD, OPTIONS, POST, PUT');
    expect(answer.body).toMatchObject({ status: 405 });
  });

  it('to a path that is not there is 404', async () => {
    const answer = await request(test.api.url).get('/api/v1/nothing').set('X-API-Key', test.key);
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({ status: 404, type: 'urn:millrace:problem:not-found' });
  });

  it('to a path that cannot be decoded is 400', async () => {
    const answer = await request(test.api.url).get('/api/v1/events/%E0%A4%A').set('X-API-Key', test.key);
    expect(answer.status).toBe(400);
  });
});
