import { ColdFileGoneError, ColdUnavailableError } from '@app/persistence';
import { onceReadable, type Patience } from './once-readable';

const busy = new ColdUnavailableError('Too many want to read old events.');

let waits: unknown[];
let tries: number;
const patient = (longestMs: number, signal = new AbortController().signal): Patience => {
  [waits, tries] = [[], 0];
  return { signal, longestMs, pauseMs: 1, onWait: (error) => waits.push(error) };
};
const failing = (times: number, error: Error) => (): Promise<string> => {
  tries += 1;
  return tries > times ? Promise.resolve('read') : Promise.reject(error);
};

it('tries again until old events can be read, and says once that it waits', async () => {
  expect(await onceReadable(failing(4, busy), patient(60_000))).toBe('read');
  expect([tries, waits]).toEqual([5, [busy]]);
});

it('gives up in the end', async () => {
  await expect(onceReadable(failing(Infinity, busy), patient(20))).rejects.toBe(busy);
  expect(tries).toBeGreaterThan(1);
});

it.each([
  ['a file that is lost', new ColdFileGoneError('It is not there.')],
  ['anything else', new TypeError('no')],
])('does not try again after %s', async (_, error) => {
  await expect(onceReadable(failing(1, error), patient(60_000))).rejects.toBe(error);
  expect([tries, waits]).toEqual([1, []]);
});

it('stops at once when nobody waits any more, in a pause or in a read', async () => {
  const leaving = new AbortController();
  const inPause = onceReadable(failing(Infinity, busy), { ...patient(60_000, leaving.signal), pauseMs: 60_000 });
  leaving.abort();
  await expect(inPause).rejects.toThrow();
  await expect(onceReadable(failing(Infinity, busy), patient(60_000, leaving.signal))).rejects.toBe(busy);
  expect([tries, waits]).toEqual([1, []]);
});
