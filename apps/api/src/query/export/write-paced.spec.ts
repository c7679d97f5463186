import { PassThrough } from 'node:stream';
import { eventually } from '@app/testing';
import { writePaced } from './write-paced';

const KILOBYTE = 'x'.repeat(1024);

/** Tells how many pieces were asked for. */
async function* counted(pieces: number, asked: { count: number }): AsyncGenerator<string> {
  for (let n = 0; n < pieces; n += 1) {
    asked.count += 1;
    yield await Promise.resolve(n % 3 === 0 ? '' : KILOBYTE);
  }
}

it('asks for the next piece only when what was written has gone, however long that takes', async () => {
  const asked = { count: 0 };
  const to = new PassThrough({ highWaterMark: 4096 });
  const done = writePaced(counted(300, asked), to, { signal: new AbortController().signal, stallMs: 60_000 });
  await eventually(() => {
    expect(to.writableNeedDrain).toBe(true);
  });
  const before = asked.count;
  expect(before).toBeLessThan(20);
  let bytes = 0;
  to.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await done;
  expect(asked.count).toBe(300);
  await eventually(() => {
    expect(bytes).toBe(200 * 1024);
  });
});

it('stops when it is told to, whether it waits for the reader or not', async () => {
  const ending = new AbortController();
  const asked = { count: 0 };
  const to = new PassThrough({ highWaterMark: 4096 });
  const done = writePaced(counted(300, asked), to, { signal: ending.signal, stallMs: 60_000 });
  await eventually(() => {
    expect(to.writableNeedDrain).toBe(true);
  });
  ending.abort();
  await expect(done).rejects.toMatchObject({ name: 'AbortError' });
  const before = asked.count;
  await expect(writePaced(counted(300, asked), to, { signal: ending.signal, stallMs: 1 })).rejects.toThrow();
  expect(asked.count).toBe(before + 1);
});

it('gives up on a reader that takes nothing', async () => {
  const to = new PassThrough({ highWaterMark: 4096 });
  const done = writePaced(counted(300, { count: 0 }), to, { signal: new AbortController().signal, stallMs: 50 });
  await expect(done).rejects.toMatchObject({ cause: { message: expect.stringContaining('50 ms') as string } });
});
