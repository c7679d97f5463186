import fc from 'fast-check';
import { logTag, PositionText, reaches, readPosition } from './live-position';

const offsets = fc.array(fc.nat({ max: Number.MAX_SAFE_INTEGER }), { minLength: 1, maxLength: 40 });
const log = logTag('kafka:cluster/events.v1');

it('reads every position that it writes', () => {
  fc.assert(
    fc.property(offsets, (given) => {
      expect(readPosition(String(new PositionText(log, given)))).toEqual({ log, offsets: given });
    }),
  );
});

it('writes what it has moved to, also in a partition that was added later', () => {
  const position = new PositionText(log, [1, 2]);
  position.move(1, 36);
  position.move(3, 5);
  expect(position.toString()).toBe(`1-${log}-1.10.0.5`);
  expect(readPosition(position.toString())?.offsets).toEqual([1, 36, 0, 5]);
});

it.each([
  '',
  '1',
  `1-${log}-`,
  `1-${log}-1.`,
  `1-${log}--1`,
  `1-${log}-A`,
  `2-${log}-1`,
  `1-xyz-1`,
  `1-${log}-2gosa7pa2gw`,
])('does not read %j', (text) => {
  expect(readPosition(text)).toBeUndefined();
});

it('has a name for a log that is short, and another one for another log', () => {
  expect(log).toMatch(/^[0-9a-f]{8}$/);
  expect(logTag('kafka:other/events.v1')).not.toBe(log);
});

it('knows whether a position has reached another', () => {
  expect(reaches([3, 3], [3, 2])).toBe(true);
  expect(reaches([3, 3], [2, 4])).toBe(false);
  expect(reaches([3], [3, 0])).toBe(true);
  expect(reaches([3], [3, 1])).toBe(false);
  expect(reaches([3, 9], [3])).toBe(true);
});
