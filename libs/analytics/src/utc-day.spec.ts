import fc from 'fast-check';
import { daysBetween, daysOf, shiftDay } from './utc-day';

it('the days of a range are its first and those that follow, up to its last', () => {
  const range = fc
    .tuple(fc.integer({ min: -719_162, max: 2_932_896 }), fc.integer({ min: 0, max: 1500 }))
    .map(([start, length]) => {
      const from = shiftDay('1970-01-01', start);
      return { from, to: shiftDay('1970-01-01', Math.min(start + length, 2_932_896)) };
    });
  fc.assert(
    fc.property(range, ({ from, to }) => {
      const days = Array.from({ length: daysBetween({ from, to }) + 1 }, (_, index) => shiftDay(from, index));
      expect(daysOf({ from, to })).toEqual(days);
    }),
  );
});
