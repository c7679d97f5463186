import { dayKeyOf, dayOf, hotWindowStart, monthOf } from './utc-day';

const dayAt = (text: string): number => dayOf(Date.parse(text));

it.each([
  ['2026-11-21T00:00:00.000Z', '2026-11-01'],
  ['2024-02-29T23:59:59.999Z', '2024-02-01'],
  ['1969-12-31T23:59:59.999Z', '1969-12-01'],
  ['0001-01-31T12:00:00.000Z', '0001-01-01'],
  ['9999-12-31T23:59:59.999Z', '9999-12-01'],
])('%s is of the month of %s', (time, month) => {
  expect(monthOf(dayAt(time))).toBe(dayAt(`${month}T00:00:00Z`));
});

it('keeps the minutes of seven days and of the day that has begun', () => {
  const start = hotWindowStart(new Date('2026-03-03T23:59:59.999Z'));
  expect(start.toISOString()).toBe('2026-02-24T00:00:00.000Z');
});

it('orders keys by project, then by day, at both ends of what there is', () => {
  const first = dayAt('0001-01-01T00:00:00Z');
  const last = dayAt('9999-12-31T00:00:00Z');
  const keys = [dayKeyOf(1, first), dayKeyOf(1, last), dayKeyOf(2, first), dayKeyOf(2_147_483_647, last)];
  expect(keys.every(Number.isSafeInteger)).toBe(true);
  expect([...keys].sort((a, b) => a - b)).toEqual(keys);
  expect(new Set(keys).size).toBe(4);
});
