import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@app/testing';
import { writePaced } from './write-paced';

const PIECE = 'x'.repeat(256 * 1024);
/** More than the operating system takes on the way. */
const MANY = 120;

const server = createServer();
const answers: ServerResponse[] = [];
let reader: IncomingMessage;

beforeAll(async () => {
  server.on('request', (_, response: ServerResponse) => answers.push(response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(() => {
  reader.destroy();
});
afterAll(() => {
  server.close();
});

/** A response whose reader takes nothing until it is told to. */
async function answer(): Promise<ServerResponse> {
  const { port } = server.address() as AddressInfo;
  const asked = get({ port, host: '127.0.0.1', agent: false });
  await eventually(() => {
    expect(answers).not.toHaveLength(0);
  });
  const response = answers.pop()!;
  response.writeHead(200).flushHeaders();
  [reader] = (await once(asked, 'response')) as [IncomingMessage];
  reader.on('error', () => undefined);
  return response;
}

/** Tells how many pieces were asked for. */
async function* counted(asked: { count: number }): AsyncGenerator<string> {
  for (let n = 0; n < MANY; n += 1) {
    asked.count += 1;
    yield await Promise.resolve(n % 3 === 0 ? '' : PIECE);
  }
}

const never = new AbortController().signal;

async function isWaiting(response: ServerResponse): Promise<void> {
  await eventually(() => {
    expect(response.writableNeedDrain).toBe(true);
  });
}

it('asks for the next piece only when what was written has gone, however long that takes', async () => {
  const asked = { count: 0 };
  const response = await answer();
  const done = writePaced(counted(asked), response, { signal: never, stallMs: 60_000 });
  await isWaiting(response);
  expect(asked.count).toBeLessThan(MANY);
  let bytes = 0;
  reader.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await done;
  expect(asked.count).toBe(MANY);
  response.end();
  await once(reader, 'end');
  expect(bytes).toBe((MANY / 3) * 2 * PIECE.length);
});

it('stops when it is told to, whether it waits for the reader or not', async () => {
  const ending = new AbortController();
  const asked = { count: 0 };
  const response = await answer();
  const done = writePaced(counted(asked), response, { signal: ending.signal, stallMs: 60_000 });
  await isWaiting(response);
  ending.abort();
  await expect(done).rejects.toMatchObject({ name: 'AbortError' });
  const before = asked.count;
  await expect(writePaced(counted(asked), response, { signal: ending.signal, stallMs: 1 })).rejects.toThrow();
  expect(asked.count).toBe(before + 1);
});

it('gives up on a reader that takes nothing', async () => {
  const response = await answer();
  const done = writePaced(counted({ count: 0 }), response, { signal: never, stallMs: 500 });
  await expect(done).rejects.toThrow('stalled');
});

it('waits for one that takes a little now and then, longer than it would for one that takes nothing', async () => {
  const response = await answer();
  const startedAt = Date.now();
  const stallMs = 1500;
  const done = writePaced(counted({ count: 0 }), response, { signal: never, stallMs });
  // A part of one piece at a time: what was written last has not gone before many of them.
  while (Date.now() - startedAt < 3 * stallMs) {
    for (let bytes = 0; bytes < 128 * 1024;) {
      const chunk = reader.read() as Buffer | null;
      if (chunk === null) break;
      bytes += chunk.length;
    }
    await delay(100);
  }
  reader.resume();
  await done;
});
