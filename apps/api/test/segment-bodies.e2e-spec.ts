import { gzipSync } from 'node:zlib';
import { BodyBudget } from '../src/transport/body-budget';
import { runningApi, type TestApi } from './running-api';

interface Logged {
  readonly records: number;
  readonly bytes: number;
}

let test: TestApi;

beforeAll(async () => {
  test = await runningApi();
});

beforeEach(() => test.db.database.query('DELETE FROM log_records'));

afterAll(() => test.stop());

async function logged(): Promise<Logged> {
  const [row] = await test.db.database.query<Logged>(
    'SELECT count(*)::int AS records, coalesce(sum(length(value)), 0)::int AS bytes FROM log_records',
  );
  return row ?? { records: 0, bytes: 0 };
}

const basic = (key: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}`,
});

/** As gzip, which a page may send unannounced. */
async function post(text: string, headers = basic(test.key), path = '/v1/batch'): Promise<number> {
  const answer = await fetch(`${test.api.url}${path}`, { method: 'POST', headers, body: gzipSync(text) });
  await answer.arrayBuffer();
  return answer.status;
}

const times = (messages: number, message: string): string => Array.from({ length: messages }, () => message).join(',');

describe('a small body that says one thing of many messages', () => {
  it.each(['1', '{"type":"page"}'])('puts no sentAt of 250 kB on the log a thousand times: %s', async (message) => {
    expect(await post(`{"sentAt":"${'x'.repeat(250_000)}","batch":[${times(1000, message)}]}`)).toBe(200);
    const { records, bytes } = await logged();
    expect(records).toBe(1000);
    expect(bytes).toBeLessThan(1_000_000);
  });

  it.each([
    ['spaces', `{${' '.repeat(600_000)}}`],
    ['one key', `{${'"a":1,'.repeat(100_000)}"a":1}`],
  ])('is refused for a context of 600 kB of %s', async (_about, context) => {
    expect(await post(`{"context":${context},"batch":[${times(1000, '1')}]}`)).toBe(413);
    expect(await logged()).toEqual({ records: 0, bytes: 0 });
  });

  it('loses none of 300 messages with a context of 20 kB', async () => {
    const context = { page: { title: 'x'.repeat(20_000) } };
    const batch = Array.from({ length: 300 }, (_, n) => ({ type: 'page', messageId: `m${n}` }));
    expect(await post(JSON.stringify({ context, batch: [...batch, { type: 'none' }] }))).toBe(200);
    expect((await logged()).records).toBe(301);
  });
});

describe('a body that is nested deeper than a stack is high', () => {
  const nested = (levels: number): readonly [string, string][] => [
    ['lists', '['.repeat(levels) + ']'.repeat(levels)],
    ['objects', '{"a":'.repeat(levels) + '1' + '}'.repeat(levels)],
    ['lists in a context', `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`],
  ];

  it.each([...nested(5000), ...nested(20_000), ...nested(200_000)])('in what it says of all: %s', async (_, deep) => {
    for (const key of ['context', 'integrations', 'sentAt', 'other']) {
      expect(await post(`{"batch":[],"${key}":${deep}}`)).toBe(200);
      expect(await post(`{"batch":[1,{"type":"page"}],"${key}":${deep}}`)).toBe(200);
    }
  });

  it.each(nested(20_000))('in a message, and it becomes a dead letter: %s', async (_, deep) => {
    const keys = ['context', 'integrations', 'properties', 'traits', 'other', 'type', 'messageId', 'userId', 'sentAt'];
    for (const key of keys) {
      const message = `{"type":"page","${key}":${deep},"writeKey":"${test.key}"}`;
      expect(await post(`{"batch":[${message}],"context":{"a":1},"integrations":{"a":1}}`)).toBe(200);
      expect(await post(message, {}, '/v1/t')).toBe(200);
    }
    expect(await post(`{"batch":[${deep}]}`)).toBe(200);
    expect((await logged()).records).toBe(keys.length * 2 + 1);
  });
});

describe('a body whose key is in it', () => {
  const text = (key: string, bytes: number): string => {
    const [head, tail] = ['{"type":"page","a":{"b":"', `"},"writeKey":"${key}"}`];
    return head + 'x'.repeat(bytes - head.length - tail.length) + tail;
  };

  it('is taken up to 512 KiB inflated, and refused above, as one with the key in a header is not', async () => {
    expect(await post(text(test.key, 524_288), {}, '/v1/page')).toBe(200);
    expect(await post(text(test.key, 524_289), {}, '/v1/page')).toBe(413);
    expect(await post(text(test.key, 5_242_880), {}, '/v1/page')).toBe(413);
    expect(await post(text(test.key, 524_289), basic(test.key), '/v1/page')).toBe(200);
    expect((await logged()).records).toBe(2);
  });

  it('is not parsed before the key is known to be good', async () => {
    expect(await post(`${text('nobody', 1000)} and no JSON`, {}, '/v1/page')).toBe(401);
    expect(await post(`${text(test.key, 1000)} and no JSON`, {}, '/v1/page')).toBe(400);
    expect(await post('no JSON', {}, '/v1/page')).toBe(401);
  });

  it('leaves nothing in the budget, whatever became of it', async () => {
    await post(text('nobody', 400_000), {}, '/v1/page');
    await post(text(test.key, 400_000), {}, '/v1/page');
    await post(text(test.key, 600_000), {}, '/v1/page');
    expect(test.api.app.get(BodyBudget).heldBytes).toBe(0);
  });
});

describe('a wrong key', () => {
  it.each([basic('nobody'), basic(''), { Authorization: 'Bearer nobody' }, { Authorization: 'Basic' }])(
    'in Authorization is a 401, whatever other places hold: %j',
    async (headers) => {
      const text = JSON.stringify({ event: 'x', writeKey: test.key });
      expect(await post(text, { ...headers, 'X-API-Key': test.key }, '/v1/track')).toBe(401);
    },
  );
});
