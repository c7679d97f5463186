import request from 'supertest';
import { eventually } from '@app/testing';
import { RawSocket, Subscriber } from './graphql-sockets';
import { runningApi, type TestApi } from './running-api';

jest.setTimeout(120_000);

const STREAM =
  'subscription ($filter: EventFilter) { eventStream(filter: $filter) { id name userId timestamp data storedAt } }';

let test: TestApi;
let subscribers: Subscriber[] = [];
let sockets: RawSocket[] = [];

beforeAll(async () => {
  test = await runningApi();
  await test.db.database.query(`INSERT INTO projects (id, name) VALUES (2, 'other')`);
});
afterEach(() => {
  for (const each of subscribers) each.stop();
  for (const each of sockets) each.close();
  subscribers = [];
  sockets = [];
});
afterAll(() => test.stop());

async function post(events: object[], { url = test.api.url, key = test.key } = {}): Promise<void> {
  const answer = await fetch(`${url}/api/v1/events`, {
    method: 'POST',
    headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
    body: JSON.stringify(events),
  });
  if (answer.status !== 202) throw new Error(await answer.text());
}

async function live(): Promise<number> {
  return metric('live_subscribers');
}

async function metric(name: string): Promise<number> {
  const { text } = await request(test.api.url).get('/metrics');
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')[1],
  );
}

/** Subscribed, and seen to be: what is posted from now on comes. */
function following(filter: object = {}, { url = test.api.url, key = test.key } = {}): Subscriber {
  const subscriber = new Subscriber(url, key, STREAM, { filter });
  subscribers.push(subscriber);
  return subscriber;
}

function raw(headers: Record<string, string> = {}, protocols?: string[]): RawSocket {
  const socket = RawSocket.open(test.api.url, headers, protocols);
  sockets.push(socket);
  return socket;
}

async function acknowledged(key = test.key): Promise<RawSocket> {
  const socket = raw();
  await socket.init({ apiKey: key });
  expect(await socket.firstWord()).toBe('connection_ack');
  return socket;
}

const numbers = ({ events }: Subscriber): number[] => events.map(({ data }) => (data as { n: number }).n);

describe('eventStream', () => {
  it('shows at one replica what another one has taken, and nothing from before', async () => {
    await post([{ name: 'before', data: { n: 0 } }]);
    const replica = await test.addReplica();
    const here = following();
    const there = following({}, { url: replica.url });
    await eventually(async () => {
      expect(await live()).toBe(1);
    });
    await eventually(async () => {
      await post([{ name: 'probe', user_id: 'u', data: { n: -1 } }]);
      expect([here, there].map(({ events }) => events.length > 0)).toEqual([true, true]);
    });
    for (let n = 1; n <= 20; n += 1) await post([{ name: 'tick', user_id: 'u', data: { n } }]);
    for (const subscriber of [here, there]) {
      await eventually(() => {
        expect(numbers(subscriber).filter((n) => n > 0)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
      });
      expect(subscriber.events.every(({ name }) => name !== 'before')).toBe(true);
      expect(subscriber.events.at(-1)).toMatchObject({ name: 'tick', userId: 'u', data: { n: 20 }, storedAt: null });
    }
  });

  it('shows what the filter lets through, of the own project', async () => {
    const foreign = await test.addKey(['ingest', 'read'], 2);
    const some = following({ name: 'wanted', userId: 'u1' });
    const all = following();
    await eventually(async () => {
      await post([{ name: 'probe' }]);
      expect(all.events.length).toBeGreaterThan(0);
      expect(await live()).toBe(2);
    });
    await post([{ name: 'wanted', user_id: 'u1', data: { n: 666 } }], { key: foreign });
    await post([
      { name: 'wanted', user_id: 'u2' },
      { name: 'other', user_id: 'u1' },
    ]);
    await post([{ name: 'wanted', user_id: 'u1', data: { n: 1 } }]);
    await eventually(() => {
      expect(numbers(some)).toEqual([1]);
      expect(numbers(all)).toContain(1);
    });
    expect(numbers(all)).not.toContain(666);
  });

  it('refuses a filter in the words of REST', async () => {
    const subscriber = following({ from: 'tomorrow' });
    await eventually(() => {
      expect(subscriber.over).toBe(true);
    });
    expect(subscriber.errors).toMatchObject([{ extensions: { code: 'invalid', field: 'filter.from' } }]);
  });

  it('ends at once when its client completes it, without an event', async () => {
    const before = await live();
    const socket = await acknowledged();
    socket.subscribe('1', STREAM);
    await eventually(async () => {
      expect(await live()).toBe(before + 1);
    });
    socket.say({ id: '1', type: 'complete' });
    await eventually(async () => {
      expect(await live()).toBe(before);
    });
    expect(socket.closed).toBeUndefined();
  });

  it('ends with its connection', async () => {
    const before = await live();
    const socket = await acknowledged();
    for (const id of ['1', '2', '3']) socket.subscribe(id, STREAM);
    await eventually(async () => {
      expect(await live()).toBe(before + 3);
    });
    socket.close();
    await eventually(async () => {
      expect(await live()).toBe(before);
    });
  });
});

describe('a key', () => {
  it('is taken from the headers of the handshake, or from connection_init in its two forms', async () => {
    for (const [headers, payload] of [
      [{ 'X-API-Key': test.key }, undefined],
      [{ Authorization: `Bearer ${test.key}` }, {}],
      [{}, { apiKey: test.key }],
      [{}, { Authorization: `Bearer ${test.key}` }],
    ] as const) {
      const socket = raw(headers);
      await socket.init(payload);
      expect(await socket.firstWord()).toBe('connection_ack');
    }
  });

  it('that is shown too late is 4408, and what comes before it 4401', async () => {
    expect(await raw().end()).toMatchObject({ code: 4408 });
    const socket = raw();
    await new Promise((resolve) => socket.socket.once('open', resolve));
    socket.subscribe('1', STREAM);
    expect(await socket.end()).toMatchObject({ code: 4401 });
  });

  it('that is revoked ends the connection', async () => {
    const admin = await test.addKey(['admin']);
    const key = await test.addKey(['read']);
    const socket = await acknowledged(key);
    socket.subscribe('1', STREAM);
    await request(test.api.url)
      .delete(`/api/v1/keys/${key.split('_')[1]}`)
      .set('X-API-Key', admin)
      .expect(204);
    expect(await socket.end()).toEqual({ code: 4403, reason: 'The key is no longer valid.' });
  });

  it('is in the log by its id, with the handshake', async () => {
    await acknowledged();
    await eventually(() => {
      expect(test.lines).toContainEqual(
        expect.objectContaining({ path: '/graphql', status: 101, key_id: test.key.split('_')[1] }),
      );
    });
    expect(JSON.stringify(test.lines)).not.toContain(test.key);
  });
});

describe('what is refused', () => {
  const refused: readonly [string, object, string][] = [
    ['a query', { query: '{ lastEvents { id } }' }, 'invalid'],
    ['a document that is none', { query: '{' }, 'malformed'],
    ['an unknown field', { query: 'subscription { everything }' }, 'invalid'],
    ['two streams at once', { query: 'subscription { eventStream { id } other: eventStream { id } }' }, 'invalid'],
    ['depth', { query: `subscription ${'{ a '.repeat(9)}${'}'.repeat(9)}` }, 'too-deep'],
    [
      'aliases',
      { query: `subscription { eventStream { ${Array.from({ length: 21 }, (_, n) => `a${n}: id`).join(' ')} } }` },
      'too-many-aliases',
    ],
    ['tokens', { query: `subscription { eventStream { ${'id '.repeat(2100)} } }` }, 'too-many-tokens'],
    ['variables that are none', { query: STREAM, variables: { filter: 5 } }, 'invalid'],
  ];

  it.each(refused)('%s is told, and the connection goes on', async (_, payload, code) => {
    const socket = await acknowledged();
    socket.say({ id: '1', type: 'subscribe', payload });
    const said = await socket.message(({ type }) => type === 'error' || type === 'next');
    const errors = (said?.type === 'error' ? said.payload : (said?.payload as { errors: unknown }).errors) as object[];
    expect(errors[0]).toMatchObject({ extensions: { code } });
    socket.say({ type: 'ping' });
    expect(await socket.message(({ type }) => type === 'pong')).toBeDefined();
  });

  it('the eleventh subscription of a connection', async () => {
    const socket = await acknowledged();
    for (let id = 1; id <= 11; id += 1) socket.subscribe(String(id), STREAM);
    const said = await socket.message(({ type }) => type === 'error');
    expect(said).toMatchObject({ id: '11', payload: [{ extensions: { code: 'too-many-operations' } }] });
  });

  it.each([
    ['what is no message', '{', 4400],
    ['a message too large', `{"type":"ping","payload":{"x":"${'x'.repeat(70_000)}"}}`, 1009],
  ])('%s ends the connection: %s', async (_, message, code) => {
    const socket = await acknowledged();
    socket.say(message);
    expect(await socket.end()).toMatchObject({ code });
  });

  it('without the protocol it is 4406, and a handshake that is none 400', async () => {
    expect(await raw({}, []).end()).toMatchObject({ code: 4406 });
    const headers = { Connection: 'Upgrade', Upgrade: 'websocket' };
    const { status, type } = await request(test.api.url).get('/graphql').set(headers);
    expect([status, type]).toEqual([400, 'application/problem+json']);
  });

  it('a WebSocket elsewhere is a request like any other', async () => {
    const headers = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' };
    const { status } = await request(test.api.url).get('/nowhere').set(headers);
    expect(status).toBe(404);
  });
});

it('lets a subscriber go that takes nothing, with the reason, and the others do not notice', async () => {
  const healthy = following({ name: 'big' });
  const stalled = await acknowledged();
  stalled.subscribe('1', STREAM);
  const before = await metric('live_dropped_total{reason="stalled"}');
  await eventually(async () => {
    await post([{ name: 'big', user_id: 'u', data: { n: -1 } }]);
    expect(healthy.events.length).toBeGreaterThan(0);
    expect(stalled.messages.length).toBeGreaterThan(1);
  });
  stalled.socket.pause();
  const text = 'x'.repeat(200_000);
  for (let n = 0; n < 120; n += 4)
    await post(Array.from({ length: 4 }, (_, i) => ({ name: 'big', user_id: 'u', data: { n: n + i, text } })));
  await eventually(() => {
    expect(numbers(healthy).filter((n) => n >= 0)).toEqual(Array.from({ length: 120 }, (_, i) => i));
  }, 30_000);
  await eventually(async () => {
    expect(await metric('live_dropped_total{reason="stalled"}')).toBe(before + 1);
  }, 20_000);
  stalled.socket.resume();
  expect(await stalled.end()).toEqual({ code: 1013, reason: 'Too slow: what was sent was not taken in time.' });
  expect(healthy.over).toBe(false);
});

it('a process has as many as it may, says so, and ends them with 1001 when it stops', async () => {
  const small = await runningApi({ MILLRACE_LIVE_SUBSCRIBERS: '2' });
  const open = async (): Promise<RawSocket> => {
    const socket = RawSocket.open(small.api.url);
    await socket.init({ apiKey: small.key });
    expect(await socket.firstWord()).toBe('connection_ack');
    return socket;
  };
  const [one, two] = [await open(), await open()];
  const third = RawSocket.open(small.api.url);
  await expect(third.init()).rejects.toThrow('429');
  for (const id of ['1', '2', '3']) one.subscribe(id, STREAM);
  const said = await one.message(({ type, id }) => type === 'next' && id === '3');
  expect(said?.payload).toMatchObject({ errors: [{ extensions: { code: 'too-many-streams' } }] });
  const startedAt = Date.now();
  await small.stop();
  expect(Date.now() - startedAt).toBeLessThan(4000);
  for (const socket of [one, two]) expect(await socket.end()).toMatchObject({ code: 1001 });
});
