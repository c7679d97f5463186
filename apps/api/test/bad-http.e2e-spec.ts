import request from 'supertest';
import { eventually } from '@app/testing';
import { ApiProcess } from './api-process';
import { badValues, brokenBodies } from './bad-events';
import { allDoors, jsonForms } from './doors/all-doors';
import { sendHttp, type Refusal, type Target } from './doors/door';
import { postHead, RawConnection } from './raw-connection';

jest.setTimeout(300_000);

const MIB = 1024 * 1024;

let api: ApiProcess;

beforeAll(async () => {
  api = await ApiProcess.start();
});
afterAll(() => api.stop());

function postGood(): request.Test {
  return request(api.url).post('/api/v1/events').set('X-API-Key', api.key).send({ name: 'good' });
}

/** Everything that the server says to these bytes until it ends the connection. */
async function answersTo(bytes: string | Buffer): Promise<number[]> {
  const connection = await RawConnection.to(api.port);
  await connection.write(bytes);
  await connection.closed;
  return connection.statuses;
}

const good = (): string => `${postHead(api.key, { 'Content-Length': 12 })}{"name":"n"}`;

describe('HTTP that is none', () => {
  it.each<[string, number, () => string]>([
    ['garbage', 400, () => '\0\x01\x02\r\n\r\n'],
    ['a TLS greeting', 400, () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['a request line alone', 400, () => 'POST\r\n\r\n'],
    ['another version', 400, () => 'GET / HTTP/9.9\r\nHost: x\r\n\r\n'],
    ['no Host', 400, () => 'GET /healthz HTTP/1.1\r\n\r\n'],
    ['a header without a colon', 400, () => 'GET /healthz HTTP/1.1\r\nHost: x\r\nbroken\r\n\r\n'],
    ['a header of 9000 bytes', 431, () => `GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(9000)}\r\n\r\n`],
    ['a thousand headers', 431, () => `GET / HTTP/1.1\r\nHost: x\r\n${'X-A: aaaaaaaa\r\n'.repeat(1000)}\r\n`],
    ['a path of 9000 bytes', 431, () => `GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['a negative length', 400, () => postHead(api.key, { 'Content-Length': -1 })],
    ['a length that is no number', 400, () => postHead(api.key, { 'Content-Length': '1e3' })],
    ['a length and chunks', 400, () => postHead(api.key, { 'Content-Length': 3, 'Transfer-Encoding': 'chunked' })],
    ['a chunk of no size', 400, () => `${postHead(api.key, { 'Transfer-Encoding': 'chunked' })}zz\r\n`],
    ['a NUL in a header', 400, () => postHead(api.key, { 'X-A': 'a\0b' })],
  ])('%s is %d, and the connection ends', async (_about, status, bytes) => {
    expect((await answersTo(bytes())).at(0)).toBe(status);
  });

  it.each([
    ['garbage', () => '\0garbage\r\n\r\n'],
    ['what a body has beyond its length', () => '{"name":"smuggled"}'],
    ['a request without end', () => `${postHead(api.key, { 'Transfer-Encoding': 'chunked' })}zz\r\n`],
  ])('right behind a good request never makes a refusal of it: %s', async (_about, rest) => {
    // Taken or not, nobody could tell: 400 in the place of the first answer would say that it is not stored.
    const statuses = await answersTo(`${good()}${good()}${rest()}`);
    expect([[], [202], [202, 202]]).toContainEqual(statuses.filter((status) => status !== 400));
    if (statuses.includes(400)) expect(statuses).toEqual([202, 202, 400]);
  });

  it('behind an answered request is 400', async () => {
    const connection = await RawConnection.to(api.port);
    await connection.write(good());
    await eventually(() => {
      expect(connection.statuses).toEqual([202]);
    });
    await connection.write('\0garbage\r\n\r\n');
    await connection.closed;
    expect(connection.statuses).toEqual([202, 400]);
  });
});

it('an expectation that nobody knows changes nothing of the answer', async () => {
  const client = await RawConnection.to(api.port);
  await client.write(`${postHead(api.key, { Expect: 'wonders', 'Content-Length': 12 })}{"name":"n"}`);
  await eventually(() => {
    expect(client.statuses).toEqual([202]);
  });
  await client.write('GET /nowhere HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\n\r\n');
  await eventually(() => {
    expect(client.statuses).toEqual([202, 404]);
  });
  expect(client.received).toContain('urn:millrace:problem:not-found');
  client.destroy();
});

it('a body in chunks without end is 413, and its sender is cut off', async () => {
  const client = await RawConnection.to(api.port);
  await client.write(postHead(api.key, { 'Transfer-Encoding': 'chunked' }));
  const chunk = `${(64 * 1024).toString(16)}\r\n${' '.repeat(64 * 1024)}\r\n`;
  let sentBytes = 0;
  for (; client.isOpen && sentBytes < 512 * MIB; sentBytes += chunk.length) await client.write(chunk);
  await client.closed;
  expect(client.statuses).toEqual([413]);
  expect(sentBytes).toBeLessThan(64 * MIB);
});

it('slow clients are cut off in time, however they are slow, and events are taken meanwhile', async () => {
  const slowly = {
    'sends nothing': '',
    'does not end its headers': 'POST /api/v1/events HTTP/1.1\r\nHost: x\r\n',
    'does not send its body': postHead(api.key, { 'Content-Length': 1000 }),
    'does not end its chunks': `${postHead(api.key, { 'Transfer-Encoding': 'chunked' })}1\r\n{\r\n`,
  };
  const clients = await Promise.all(
    Object.values(slowly).flatMap((bytes) =>
      Array.from({ length: 50 }, async () => {
        const client = await RawConnection.to(api.port);
        await client.write(bytes);
        return client;
      }),
    ),
  );
  // One more byte every now and then does not buy time.
  const drip = setInterval(() => {
    for (const client of clients.slice(50)) void client.write('a');
  }, 1000);
  const startedMs = performance.now();
  try {
    await eventually(async () => {
      expect((await postGood()).status).toBe(202);
      expect(clients.filter(({ isOpen }) => isOpen)).toEqual([]);
    }, 200_000);
  } finally {
    clearInterval(drip);
  }
  // 30 s for a request; the rest is how often Node looks, and what a busy machine adds.
  expect(performance.now() - startedMs).toBeLessThan(150_000);
  for (const { statuses } of clients) expect([[], [400], [408]]).toContainEqual(statuses);
});

/** Records that are no dead letter, which is what Segment's door makes of a bad message. */
async function eventsOnLog(): Promise<number> {
  const [row] = await api.db.database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM log_records WHERE position('refused'::bytea IN headers) = 0`,
  );
  return row?.count ?? 0;
}

/** Every bad value on every door, and every broken body in every form, up to a size that leaves time for all. */
function badRequests(target: Target): (() => Promise<Refusal>)[] {
  const values = Object.values(badValues).flat();
  const bad = allDoors.flatMap((door) =>
    values.flatMap(([, at, json]) => (json.length < 50_000 ? [() => door.send(target, 'bad', at, json)] : [])),
  );
  const broken = jsonForms.flatMap(([, head]) =>
    brokenBodies.flatMap(([, body]) =>
      body.length > 0 && body.length < 50_000 ? [() => sendHttp(target, 'bad', { ...head, body })] : [],
    ),
  );
  const nothing = Promise.resolve({ status: 'not sent', errors: [] });
  return [...bad, ...broken].map((send) => () => send() ?? nothing);
}

it('10,000 bad requests of all families over all doors are never answered 5xx, store nothing, and leave memory as it was', async () => {
  const requests = badRequests({ url: api.url, key: api.key });
  const before = await eventsOnLog();
  const statuses = new Map<number | string, number>();
  let [next, sent] = [0, 0];
  const lane = async (until: number): Promise<void> => {
    while (sent < until) {
      next += 1;
      const { status } = await requests[next % requests.length]!();
      if (status === 'not sent') continue;
      sent += 1;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  const all = (until: number): Promise<unknown> => Promise.all(Array.from({ length: 8 }, () => lane(until)));
  await all(4000);
  const warmBytes = process.platform === 'linux' ? api.rssBytes : 0;
  const good = postGood();
  await all(10_000);
  expect((await good).status).toBe(202);
  expect([...statuses.keys()].sort()).toEqual([200, 400, 422]);
  expect(await eventsOnLog()).toBe(before + 1);
  if (process.platform === 'linux') expect(api.rssBytes - warmBytes).toBeLessThan(40 * MIB);
  expect((await postGood()).status).toBe(202);
  expect(api.process.exitCode).toBeUndefined();
  expect(api.process.lines.filter((line) => line['level'] === 'error')).toEqual([]);
});
