import { gzipSync } from 'node:zlib';
import request, { type Test } from 'supertest';
import { cloudEventId } from '@app/events';
import { eventually } from '@app/testing';
import { postHead, RawConnection } from './raw-connection';
import { runningApi, type TestApi } from './running-api';

const PATH = '/api/v1/events';
const BINARY = { 'ce-specversion': '1.0', 'ce-id': 'A234', 'ce-source': '/orders', 'ce-type': 'order.paid' };
const EVENT = { specversion: '1.0', id: 'A234', source: '/orders', type: 'order.paid' };
const ID = cloudEventId('/orders', 'A234');
const STRUCTURED = 'application/cloudevents+json';
const BATCHED = 'application/cloudevents-batch+json';

let test: TestApi;

beforeAll(async () => {
  test = await runningApi();
});
afterAll(() => test.stop());

interface Call {
  readonly method?: 'post' | 'put';
  readonly query?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

function send({ method = 'post', query = '', headers, body = '' }: Call): Test {
  const call = request(test.api.url)[method](`${PATH}${query}`).set('X-API-Key', test.key).set(headers);
  // As bytes: of a text without a type superagent would say that it is a form.
  return body.length === 0 ? call : call.serialize((value: unknown) => value as string).send(Buffer.from(body));
}

const structured = (event: object, type = STRUCTURED): Test =>
  send({ headers: { 'Content-Type': type }, body: JSON.stringify(event) });

/** The record on the log that this request has made. */
async function logged(requestId: string): Promise<Record<string, unknown>> {
  const rows = await test.db.database.query<{ value: Buffer; headers: Buffer }>(
    'SELECT value, headers FROM log_records',
  );
  const found = rows.filter(({ headers }) => headers.includes(requestId));
  expect(found).toHaveLength(1);
  return JSON.parse(found[0]!.value.toString()) as Record<string, unknown>;
}

let requests = 0;

/** Sends it, expects it taken, and gives what is on the log. */
async function taken(call: Call): Promise<Record<string, unknown>> {
  const requestId = `cloud-${(requests += 1)}`;
  const answer = await send({ ...call, headers: { ...call.headers, 'X-Request-Id': requestId } });
  expect(answer.body).toEqual({ event_id: ID, status: 'accepted' });
  expect(answer.status).toBe(202);
  return logged(requestId);
}

describe('a CloudEvent in headers', () => {
  it.each<[string, string | undefined, string | Buffer, object]>([
    ['JSON', 'application/json', '{"total":5}', { total: 5 }],
    ['JSON with a charset', 'application/json; charset=utf-8', '{"total":5}', { total: 5 }],
    ['JSON of another name', 'application/vnd.acme+json', '[1]', { value: [1] }],
    ['a JSON string', 'text/json', '"a"', { value: 'a' }],
    ['text', 'text/plain', 'schön', { value: 'schön' }],
    ['text of a page', 'text/html; charset=UTF-8', '<p>', { value: '<p>' }],
    ['text in another charset', 'text/plain; charset=latin1', Buffer.from([0xe9]), { data_base64: '6Q==' }],
    ['XML', 'application/xml', '<a/>', { data_base64: 'PGEvPg==' }],
    ['bytes', 'application/octet-stream', Buffer.from([0, 1, 255]), { data_base64: 'AAH/' }],
    ['bytes of no type', undefined, 'a', { data_base64: 'YQ==' }],
    ['nothing', 'application/json', '', {}],
    ['nothing of no type', undefined, '', {}],
  ])('may carry %s', async (_about, type, body, data) => {
    const headers = { ...BINARY, ...(type !== undefined && { 'Content-Type': type }) };
    const record = await taken({ headers, body });
    expect(record).toMatchObject({ name: 'order.paid', source: '/orders', data });
    expect(record['context']).toEqual({
      specversion: '1.0',
      id: 'A234',
      ...(type !== undefined && { datacontenttype: type }),
    });
  });

  it('has every other attribute in its context, decoded once', async () => {
    const headers = {
      ...BINARY,
      'ce-subject': 'J%C3%BCrgen%20%22J%22',
      'ce-time': '2026-01-31T23:59:59.999+01:00',
      'ce-traceparent': '"00-%2541"',
      'CE-Tenant': '7',
    };
    expect(await taken({ method: 'put', headers })).toMatchObject({
      user_id: 'Jürgen "J"',
      occurred_at: '2026-01-31T22:59:59.999Z',
      context: { traceparent: '00-%41', tenant: '7' },
    });
  });

  it('may be inflated', async () => {
    const headers = { ...BINARY, 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
    expect(await taken({ headers, body: gzipSync('{"total":5}') })).toMatchObject({ data: { total: 5 } });
  });

  it.each<[string, Record<string, string>, string | Buffer, object]>([
    ['without an id', { 'ce-id': '' }, '', { status: 422, errors: [{ field: 'ce-id', code: 'length' }] }],
    ['with another version', { 'ce-specversion': '0.3' }, '', { status: 422, errors: [{ field: 'ce-specversion' }] }],
    [
      'with a time that is none',
      { 'ce-time': 'now' },
      '',
      { status: 422, errors: [{ field: 'ce-time', code: 'format' }] },
    ],
    ['with a name that is none', { 'ce-a-b': '1' }, '', { status: 422, errors: [{ field: 'ce-a-b', code: 'format' }] }],
    [
      'with a second content type',
      { 'ce-datacontenttype': 'a/b' },
      '',
      { status: 422, errors: [{ code: 'conflict' }] },
    ],
    [
      'with its data in a header',
      { 'ce-data': '1' },
      '',
      { status: 422, errors: [{ field: 'ce-data', code: 'conflict' }] },
    ],
    [
      'with a prototype',
      { 'ce-__proto__': '1' },
      '',
      { status: 422, errors: [{ field: 'ce-__proto__', code: 'format' }] },
    ],
    [
      'with a header that is no UTF-8',
      { 'ce-subject': '%ff' },
      '',
      { status: 400, type: 'urn:millrace:problem:malformed' },
    ],
    ['with JSON that is none', { 'Content-Type': 'application/json' }, 'hello', { status: 400 }],
    ['with text that is no UTF-8', { 'Content-Type': 'text/plain' }, Buffer.from([0xff]), { status: 400 }],
    ['with JSON in UTF-16', { 'Content-Type': 'application/json; charset=utf-16' }, '{}', { status: 415 }],
    ['in another encoding', { 'Content-Encoding': 'br' }, 'a', { status: 415 }],
    [
      'with too much data',
      { 'Content-Type': 'text/plain' },
      'x'.repeat(262_144),
      { status: 422, errors: [{ field: 'data', code: 'size' }] },
    ],
    ['with more than a body may have', { 'Content-Type': 'text/plain' }, 'x'.repeat(5_242_881), { status: 413 }],
    [
      'with an integer that JSON.parse has rounded',
      { 'Content-Type': 'application/json' },
      '{"a":[9007199254740993]}',
      { status: 422, errors: [{ field: 'data.a[0]', code: 'number' }] },
    ],
  ])('is refused %s', async (_about, headers, body, answer) => {
    const refused = await send({ headers: { ...BINARY, ...headers }, body });
    expect(refused.body).toMatchObject(answer);
  });

  it.each(Object.keys(BINARY))('is refused without %s, which is named', async (missing) => {
    const headers = Object.fromEntries(Object.entries(BINARY).filter(([header]) => header !== missing));
    const refused = await send({ headers });
    expect(refused.status).toBe(422);
    expect(refused.body).toMatchObject({ errors: [{ field: missing, code: 'required' }] });
  });

  it('is refused when an attribute is there twice', async () => {
    const connection = await RawConnection.to(Number(new URL(test.api.url).port));
    const head = postHead(test.key, { ...BINARY, 'Content-Length': 0 });
    await connection.write(head.replace('ce-id:', 'ce-id: B\r\nce-id:'));
    await eventually(() => {
      expect(connection.received).toContain('"field":"ce-id","code":"conflict"');
    });
    connection.destroy();
  });
});

describe('a CloudEvent in JSON', () => {
  it('is taken with its id made of source and id', async () => {
    const event = { ...EVENT, subject: 'u1', tenant: 7, datacontenttype: 'text/plain', data: 'text' };
    const call = { headers: { 'Content-Type': `${STRUCTURED}; charset=utf-8` }, body: JSON.stringify(event) };
    expect(await taken({ ...call, method: 'put' })).toMatchObject({
      event_id: ID,
      user_id: 'u1',
      data: { value: 'text' },
      context: { id: 'A234', specversion: '1.0', tenant: 7, datacontenttype: 'text/plain' },
    });
  });

  it.each<[object, object]>([
    [
      { ...EVENT, id: undefined },
      { field: 'id', code: 'required' },
    ],
    [
      { ...EVENT, specversion: '1.1' },
      { field: 'specversion', code: 'format' },
    ],
    [
      { ...EVENT, data: 1, data_base64: 'AA==' },
      { field: 'data_base64', code: 'conflict' },
    ],
    [
      { ...EVENT, source: 'x'.repeat(201) },
      { field: 'source', code: 'length' },
    ],
    [{ name: 'native' }, { field: 'specversion', code: 'required' }],
  ])('is refused as %j', async (event, error) => {
    const refused = await structured(event);
    expect(refused.status).toBe(422);
    const { errors } = refused.body as { errors: object[] };
    expect(errors).toContainEqual(expect.objectContaining(error));
  });

  it.each([
    ['application/cloudevents+avro', 415],
    ['application/cloudevents', 415],
    [`${STRUCTURED}; charset=latin1`, 415],
    ['application/json', 422], // a native body, with fields that it does not know
  ])('as %s is %d', async (type, status) => {
    expect((await structured(EVENT, type)).status).toBe(status);
  });

  it.each([
    [STRUCTURED, '[]', 422],
    [STRUCTURED, '7', 422],
    [STRUCTURED, '{', 400],
    [STRUCTURED, '', 400],
    [BATCHED, '{}', 422],
    [BATCHED, '[', 400],
    [BATCHED, JSON.stringify(Array<object>(1001).fill(EVENT)), 422],
  ])('as %s with the body %.20s is %d', async (type, body, status) => {
    expect((await send({ headers: { 'Content-Type': type }, body })).status).toBe(status);
  });
});

describe('a batch of CloudEvents', () => {
  const batch = (events: readonly unknown[], query = ''): Test =>
    send({ query, headers: { 'Content-Type': BATCHED }, body: JSON.stringify(events) });

  it('may be empty', async () => {
    const answer = await batch([]);
    expect(answer.status).toBe(202);
    expect(answer.body).toEqual({ accepted: 0, rejected: 0, event_ids: [], errors: [] });
  });

  it('is answered event by event, as an array is', async () => {
    const answer = await batch([EVENT, { ...EVENT, id: undefined }, 7, { ...EVENT, data: [2 ** 60] }]);
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({
      accepted: 1,
      rejected: 3,
      event_ids: [ID, null, null, null],
      errors: [
        { index: 1, field: 'id', code: 'required' },
        { index: 2, field: '', code: 'type' },
        { index: 3, field: 'data[0]', code: 'number' },
      ],
    });
  });

  it('takes all or none with atomic=true', async () => {
    const answer = await batch([EVENT, { ...EVENT, type: '' }], '?atomic=true');
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ index: 1, field: 'type', code: 'length' }] });
  });
});

describe('a key', () => {
  it.each([BINARY, { 'Content-Type': STRUCTURED }, { 'Content-Type': BATCHED }])('is needed: %j', async (headers) => {
    expect((await request(test.api.url).post(PATH).set(headers)).status).toBe(401);
    const reader = await test.addKey(['read']);
    expect(
      (
        await request(test.api.url)
          .put(PATH)
          .set({ ...headers, 'X-API-Key': reader })
      ).status,
    ).toBe(403);
  });
});

it('PUT takes nothing but CloudEvents', async () => {
  const answer = await send({ method: 'put', headers: { 'Content-Type': 'application/json' }, body: '{"name":"n"}' });
  expect(answer.status).toBe(415);
});
