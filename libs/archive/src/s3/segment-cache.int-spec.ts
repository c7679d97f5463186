import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@app/testing';
import { SegmentCache } from './segment-cache';

const MINUTE_MS = 60_000;

let folder: string;
/** Files that were fetched, in that order. */
let fetched: string[];
const opened: SegmentCache[] = [];
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'millrace-cache-')), 'cache');
  fetched = [];
});
afterEach(() => {
  for (const cache of opened.splice(0)) cache.close();
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

/** Each file has 100 bytes. */
async function open(fetch: (file: string) => Promise<void> = () => Promise.resolve()): Promise<SegmentCache> {
  const cache = new SegmentCache({
    folder,
    maxBytes: 350,
    fetch: async (file, path) => {
      fetched.push(file);
      writeFileSync(path, 'half');
      await fetch(file);
      writeFileSync(path, file.padEnd(100));
    },
  });
  opened.push(cache);
  await cache.open();
  return cache;
}

function read(cache: SegmentCache, ...files: string[]): Promise<string[]> {
  return cache.reading(files, (paths) => Promise.resolve(paths.map((path) => readFileSync(path, 'utf8').trim())));
}

/** As if the file had been used last so long ago. */
function age(name: string, ms: number): void {
  const seconds = (Date.now() - ms) / 1000;
  utimesSync(join(folder, name), seconds, seconds);
}

it('fetches a file once for all who wait for it, and not again while it is there', async () => {
  let go!: () => void;
  const gate = new Promise<void>((resolve) => (go = resolve));
  const cache = await open(() => gate);
  const reads = [read(cache, 'a'), read(cache, 'a', 'b'), read(cache, 'b')];
  await eventually(() => {
    expect(fetched.sort()).toEqual(['a', 'b']);
  });
  go();
  expect(await Promise.all(reads)).toEqual([['a'], ['a', 'b'], ['b']]);
  expect(await read(cache, 'a', 'b')).toEqual(['a', 'b']);
  expect(fetched).toEqual(['a', 'b']);
});

it('removes what was used least recently when there is too much', async () => {
  const cache = await open();
  for (const [n, file] of ['a', 'b', 'c'].entries()) {
    await read(cache, file);
    age(file, (30 - n) * MINUTE_MS);
  }
  await read(cache, 'a');
  await read(cache, 'd');
  expect(readdirSync(folder).sort()).toEqual(['a', 'c', 'd']);
  expect(await read(cache, 'b')).toEqual(['b']);
  expect(fetched).toEqual(['a', 'b', 'c', 'd', 'b']);
});

it('keeps what is being read, and makes room afterwards', async () => {
  const cache = await open();
  const files = ['a', 'b', 'c', 'd', 'e'];
  await cache.reading(files, async (paths) => {
    await read(cache, 'f');
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });
  expect(readdirSync(folder)).toHaveLength(3);
});

it('fetches again what another process took away before it was opened', async () => {
  const [cache, other] = [await open(), await open()];
  let tries = 0;
  const contents = await cache.reading(['a'], async ([path = '']) => {
    tries += 1;
    if (tries === 1) await other.remove('a');
    return readFileSync(path, 'utf8').trim();
  });
  expect([contents, fetched]).toEqual(['a', ['a', 'a']]);
  const gone = cache.reading(['a'], async ([path = '']) => {
    await other.remove('a');
    return readFileSync(path, 'utf8');
  });
  await expect(gone).rejects.toThrow('ENOENT');
});

it('shares its folder with other processes, which see what it has and make room together', async () => {
  const [cache, other] = [await open(), await open()];
  await read(cache, 'a', 'b', 'c');
  expect(await read(other, 'a', 'b', 'c')).toEqual(['a', 'b', 'c']);
  expect(fetched.sort()).toEqual(['a', 'b', 'c']);
  // Each holds more than there is room for.
  await Promise.all([read(cache, 'a', 'b', 'c', 'd', 'e'), read(other, 'a', 'b', 'f', 'g', 'h')]);
  for (const file of readdirSync(folder)) age(file, MINUTE_MS);
  await read(other, 'i');
  expect(readdirSync(folder).length).toBeLessThan(4);
  expect(readdirSync(folder)).toContain('i');
});

it('tells every one of those who wait that a file cannot be fetched, and tries again for the next', async () => {
  let isAway = true;
  const cache = await open(() => (isAway ? Promise.reject(new Error('away')) : Promise.resolve()));
  const [first, second] = await Promise.allSettled([read(cache, 'a'), read(cache, 'a')]);
  expect([first.status, second.status]).toEqual(['rejected', 'rejected']);
  expect([fetched, readdirSync(folder)]).toEqual([['a'], []]);
  isAway = false;
  expect(await read(cache, 'a')).toEqual(['a']);
});

it('removes at its start what a process that died was fetching, and not what a living one fetches', async () => {
  await open();
  writeFileSync(join(folder, 'a.1.tmp'), 'half');
  writeFileSync(join(folder, 'b.1.tmp'), 'half');
  age('a.1.tmp', 11 * MINUTE_MS);
  await open();
  expect(readdirSync(folder)).toEqual(['b.1.tmp']);
});

it('removes what nobody has used for an hour: an erasure may have written it anew', async () => {
  const cache = await open();
  await read(cache, 'a', 'b');
  age('a', 61 * MINUTE_MS);
  age('b', 59 * MINUTE_MS);
  await read(cache, 'c');
  expect(readdirSync(folder).sort()).toEqual(['b', 'c']);
});

it('takes in a file that is here already', async () => {
  const cache = await open();
  const path = join(folder, '../draft');
  writeFileSync(path, 'a'.padEnd(100));
  await cache.adopt(path, 'a');
  expect(await read(cache, 'a')).toEqual(['a']);
  expect([fetched, existsSync(path)]).toEqual([[], false]);
});
