import fc from 'fast-check';
import { coverOf } from './month-cover';
import { daysOf, shiftDay, type DayRange } from './utc-day';

/** How often each day counts; those that count not at all are left out. */
function countedDays({ months, days }: ReturnType<typeof coverOf>): Map<string, number> {
  const times = new Map<string, number>();
  const count = (day: string, sign: number): void => void times.set(day, (times.get(day) ?? 0) + sign);
  if (months !== undefined) {
    const inMonths = daysOf({ from: months.from, to: shiftDay(months.to, 30) });
    for (const day of inMonths) if (day.slice(0, 7) <= months.to.slice(0, 7)) count(day, 1);
  }
  for (const part of days) for (const day of daysOf(part)) count(day, part.sign);
  return new Map([...times].filter(([, number]) => number !== 0));
}

describe('the cover of a range of days', () => {
  const day = fc.integer({ min: -719_162, max: 2_932_896 }).map((number) => shiftDay('1970-01-01', number));
  const range = fc
    .tuple(day, fc.integer({ min: 0, max: 800 }))
    .map(([from, length]) => ({ from, to: shiftDay(from, length) }))
    .filter(({ to }) => /^\d{4}-/.test(to));

  it('counts each of its days once and no other', () => {
    fc.assert(
      fc.property(range, (days) => {
        expect([...countedDays(coverOf(days))].sort()).toEqual(daysOf(days).map((one) => [one, 1]));
      }),
    );
  });

  it('reads at most 30 days one by one', () => {
    fc.assert(
      fc.property(range, (days) => {
        const single = coverOf(days).days.flatMap(daysOf);
        expect(single.length).toBeLessThanOrEqual(30);
      }),
    );
  });

  it.each<[string, DayRange, ReturnType<typeof coverOf>]>([
    [
      'whole months',
      { from: '2024-02-01', to: '2024-03-31' },
      { months: { from: '2024-02-01', to: '2024-03-01' }, days: [] },
    ],
    [
      'one day',
      { from: '2024-02-29', to: '2024-02-29' },
      { months: undefined, days: [{ from: '2024-02-29', to: '2024-02-29', sign: 1 }] },
    ],
    [
      'a month less a day',
      { from: '2023-02-02', to: '2023-02-28' },
      { months: { from: '2023-02-01', to: '2023-02-01' }, days: [{ from: '2023-02-01', to: '2023-02-01', sign: -1 }] },
    ],
    [
      'the end of one month and the beginning of the next',
      { from: '2023-12-30', to: '2024-01-02' },
      {
        months: undefined,
        days: [
          { from: '2023-12-30', to: '2023-12-31', sign: 1 },
          { from: '2024-01-01', to: '2024-01-02', sign: 1 },
        ],
      },
    ],
    [
      'all years',
      { from: '0001-01-01', to: '9999-12-31' },
      { months: { from: '0001-01-01', to: '9999-12-01' }, days: [] },
    ],
  ])('knows %s', (_what, days, cover) => {
    expect(coverOf(days)).toEqual(cover);
  });
});
