import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { eventually } from '@app/testing';
import { RawSocket } from './graphql-sockets';
import { runningApi, type TestApi } from './running-api';

jest.setTimeout(120_000);

let test: TestApi;
let server: Server;
let sockets: RawSocket[] = [];

beforeAll(async () => {
  test = await runningApi();
  server = test.api.app.getHttpServer();
});
afterEach(() => {
  for (const each of sockets) each.close();
  sockets = [];
});
afterAll(() => test.stop());

function connections(): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}

async function stranger(): Promise<RawSocket> {
  const socket = RawSocket.open(test.api.url);
  sockets.push(socket);
  await once(socket.socket, 'open');
  return socket;
}

async function acknowledged(): Promise<RawSocket> {
  const socket = await stranger();
  await socket.init({ apiKey: test.key });
  expect(await socket.firstWord()).toBe('connection_ack');
  return socket;
}

it('a refused handshake leaves no connection behind, though its client keeps its half of it', async () => {
  const port = Number(new URL(test.api.url).port);
  const clients = Array.from({ length: 20 }, () => connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
  const answers = clients.map(async (client) => {
    client.on('error', () => undefined);
    client.write('GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const [answer] = (await once(client, 'data')) as [Buffer];
    return answer.toString();
  });
  for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  await eventually(async () => {
    expect(await connections()).toBe(0);
  });
  for (const client of clients) client.destroy();
});

it('a client that pings and does not read is sent one pong at a time, in the end for its last ping', async () => {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = await acknowledged();
  const [socket] = await accepted;
  client.socket.pause();
  let most = 0;
  for (let round = 0; round < 150; round += 1) {
    for (let n = 0; n < 1000; n += 1) client.socket.ping(Buffer.alloc(125));
    await new Promise((resolve) => {
      client.socket.ping(`round ${round}`, true, resolve);
    });
    most = Math.max(most, socket.writableLength);
  }
  expect(most).toBeLessThan(1000);
  let last = '';
  client.socket.on('pong', (data: Buffer) => (last = data.toString()));
  client.socket.resume();
  await eventually(() => {
    expect(last).toBe('round 149');
  });
});

it('strangers do not shut out who has a key: the oldest of them makes room', async () => {
  const first = await stranger();
  for (let n = 1; n < 100; n += 1) await stranger();
  await acknowledged();
  await first.end();
  expect(sockets.filter(({ closed }) => closed !== undefined)).toEqual([first]);
});

it('a slash at the end of the path means the same', async () => {
  const socket = new WebSocket(`${test.api.url.replace('http', 'ws')}/graphql/`, ['graphql-transport-ws']);
  await once(socket, 'open');
  socket.terminate();
});
