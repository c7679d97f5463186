import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import request, { type Test } from 'supertest';
import { eventually } from '@app/testing';
import { badEvents, brokenBodies, injections } from './bad-events';
import { runningApi, type TestApi } from './running-api';
import { startConsumer } from './start-consumer';

const PATH = '/api/v1/events';

let test: TestApi;

beforeAll(async () => {
  test = await runningApi();
});
afterAll(() => test.stop());

function post(body: string | Buffer): Test {
  const call = request(test.api.url).post(PATH).set('X-API-Key', test.key).set('Content-Type', 'application/json');
  return call.serialize((value: unknown) => value as string).send(body as string);
}

const get = (path: string): Test => request(test.api.url).get(path).set('X-API-Key', test.key);

async function recordsOnLog(): Promise<Record<string, unknown>[]> {
  const rows = await test.db.database.query<{ value: Buffer }>('SELECT value FROM log_records');
  return rows.map(({ value }) => JSON.parse(value.toString()) as Record<string, unknown>);
}

describe('a bad event is refused with its field, and nothing of it is stored:', () => {
  afterAll(async () => {
    expect(await recordsOnLog()).toEqual([]);
  });

  describe.each(Object.entries(badEvents))('%s', (_family, events) => {
    it.each(events)('%s', async (_about, body, field, code) => {
      const answer = await post(body);
      expect(answer.status).toBe(422);
      expect(answer.headers['content-type']).toBe('application/problem+json');
      expect(answer.body).toMatchObject({ errors: [{ field, code }] });

      const inArray = await post(Buffer.concat([Buffer.from('['), Buffer.from(body), Buffer.from(']')]));
      expect(inArray.status).toBe(422);
      expect(inArray.body).toMatchObject({ errors: [{ index: 0, field, code }] });
    });
  });

  it.each(brokenBodies)('a body that %s is 400', async (_about, body) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ type: 'urn:millrace:problem:malformed', status: 400 });
  });

  it.each([
    ['cut off', gzipSync('{"name":"n"}').subarray(0, -4)],
    ['with a wrong checksum', Buffer.concat([gzipSync('{"name":"n"}').subarray(0, -8), Buffer.alloc(8)])],
    ['of nothing', Buffer.alloc(0)],
    ['that is only a head', Buffer.from([0x1f, 0x8b])],
  ])('gzip %s is 400', async (_about, body) => {
    expect((await post(body).set('Content-Encoding', 'gzip')).status).toBe(400);
  });

  it.each(['gzip, gzip', 'deflate', 'zstd', 'x-gzip', '*'])('the encoding %s is 415', async (encoding) => {
    expect((await post(Buffer.from('x')).set('Content-Encoding', encoding)).status).toBe(415);
  });

  it.each(['application/json5', 'application/', 'json', ';', 'application/json;charset=utf-16', 'multipart/form-data'])(
    'the content type %s is 415',
    async (type) => {
      expect((await post('{"name":"n"}').set('Content-Type', type)).status).toBe(415);
    },
  );
});

describe('what is just within a limit is taken:', () => {
  it.each([
    ['200 characters of four bytes', `{"name":"${'😀'.repeat(200)}"}`],
    ['32 levels', `{"name":"n","data":${'{"a":'.repeat(31)}{}${'}'.repeat(31)}}`],
    ['262,144 bytes of data', `{"name":"n","data":{"a":"${'x'.repeat(262_144 - 8)}"}}`],
    ['2^53 − 1', '{"name":"n","data":{"a":[9007199254740991,-9007199254740991]}}'],
    ['nine decimals', '{"name":"n","amount":0.123456789}'],
    ['an amount just below 10^18', '{"name":"n","amount":-9.999999999999998e17}'],
    ['year 1', '{"name":"n","occurred_at":"0001-01-01T00:00:00Z"}'],
    ['23 hours ahead', `{"name":"n","occurred_at":"${new Date(Date.now() + 23 * 3_600_000).toISOString()}"}`],
    ['the nil UUID', '{"name":"n","event_id":"00000000-0000-0000-0000-000000000000"}'],
    ['a UUID of no version', '{"name":"n","event_id":"FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"}'],
  ])('%s', async (_about, body) => {
    expect((await post(body)).status).toBe(202);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('a UUID of version %d, whose case does not matter', async (version) => {
    const id = `0192F0C1-2345-${version}ABC-8DEF-0123456789AB`;
    const answer = await post(JSON.stringify({ name: 'n', event_id: id }));
    expect(answer.body).toEqual({ event_id: id.toLowerCase(), status: 'accepted' });
  });

  it('a key twice: the last one wins, and __proto__ is a key like any other', async () => {
    const id = randomUUID();
    const answer = await post(
      `{"name":"a","name":"twice","event_id":"${id}","data":{"a":1,"a":2,"__proto__":{"b":3}}}`,
    );
    expect(answer.status).toBe(202);
    const record = (await recordsOnLog()).find((candidate) => candidate['event_id'] === id);
    expect(JSON.stringify(record?.['data'])).toBe('{"a":2,"__proto__":{"b":3}}');
    expect(record?.['name']).toBe('twice');
    expect(({} as Record<string, unknown>)['b']).toBeUndefined();
  });
});

describe('text that means something to another program', () => {
  it('is only text in every string of an event, from the door to the row and back', async () => {
    const events = injections.map((text) => {
      return { event_id: randomUUID(), name: text, source: text, user_id: text, data: { [text]: [text] } };
    });
    expect((await post(JSON.stringify(events))).body).toMatchObject({ accepted: injections.length, rejected: 0 });
    const consumer = startConsumer(test.db.url);
    try {
      await eventually(async () => {
        for (const event of events) expect((await get(`${PATH}/${event.event_id}`)).body).toMatchObject(event);
      });
    } finally {
      await consumer.stop();
    }
  });

  it.each(injections)('is refused as an id, a cursor, a limit and a parameter: %s', async (text) => {
    const value = encodeURIComponent(text);
    expect([404, 422]).toContain((await get(`${PATH}/${value}`)).status);
    expect((await get(`${PATH}?cursor=${value}`)).status).toBe(422);
    expect((await get(`${PATH}?limit=${value}`)).status).toBe(422);
    expect((await get(`${PATH}?${value}=1`)).status).toBe(422);
    expect((await request(test.api.url).get(PATH).set('X-API-Key', encodeURIComponent(text))).status).toBe(401);
  });
});

describe('a broken query', () => {
  it.each([
    'limit=1&limit=2',
    'limit[]=1',
    'limit[a]=1',
    'cursor=a&cursor=b',
    'cursor[__proto__]=1',
    '__proto__[limit]=1',
    'constructor=1',
    '__proto__=1',
    'limit=٣',
    'limit=0x10',
    'limit=1000000000000000000000',
    'limit=%00',
    'cursor=%E0%A4%A',
    'cursor=%ff',
    `cursor=${'a'.repeat(5000)}`,
    Array.from({ length: 1200 }, (_, index) => `a${index}`).join('&'),
  ])('of a read is 422: %#', async (query) => {
    expect((await get(`${PATH}?${query}`)).status).toBe(422);
  });

  it.each(['atomic=1', 'atomic', 'atomic=true&x=1', 'atomic[]=true', '__proto__=1', '%E0%A4%A'])(
    'of a post is 422: %s',
    async (query) => {
      const call = request(test.api.url).post(`${PATH}?${query}`).set('X-API-Key', test.key);
      expect((await call.send({ name: 'n' })).status).toBe(422);
    },
  );
});

describe('a method that a path does not take is 405 and told which there are:', () => {
  it.each(['put', 'patch', 'delete'] as const)('%s', async (method) => {
    const paths = [...(method === 'put' ? [] : [PATH]), `${PATH}/${randomUUID()}`, '/healthz'];
    for (const path of paths) {
      const answer = await request(test.api.url)[method](path).set('X-API-Key', test.key);
      expect([path, answer.status, answer.headers['allow']?.includes('GET')]).toEqual([path, 405, true]);
    }
  });
});
