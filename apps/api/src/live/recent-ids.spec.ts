import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { decodeStorableEvent, encodeEvent } from '@app/events';
import { anEvent } from '@app/testing';
import { RecentIds } from './recent-ids';

it('holds ids, and not the texts that they were read from', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const ids = new RecentIds(2000);
  const data = { text: 'x'.repeat(20_000) };
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 2000; n += 1) ids.add(decodeStorableEvent(encodeEvent(anEvent({ data })), 1));
  collect();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
  expect(ids.add(decodeStorableEvent(encodeEvent(anEvent()), 1))).toBe(true);
});
