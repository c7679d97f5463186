import { dayIn, dayOfMonth, lengthOf, monthOf, shiftMonth, type DayRange } from './utc-day';

/** Days whose numbers count once more, or once less. */
export interface SignedDays extends DayRange {
  readonly sign: 1 | -1;
}

/** A range of days as whole months and what then is missing or too much. */
export interface MonthCover {
  /** The first days of the first and the last month. Without one when the range has no month that is worth it. */
  readonly months: DayRange | undefined;
  /** At most two. */
  readonly days: readonly SignedDays[];
}

/**
 * The months and days whose numbers, added up, are those of the range. Of a month at its edge the smaller part is read
 * day by day, the range's own or the rest, so that it never takes more than 30 days together.
 */
export function coverOf({ from, to }: DayRange): MonthCover {
  const [first, last] = [monthOf(from), monthOf(to)];
  if (first === last) {
    const { whole, days } = edgeOf(first, dayOfMonth(from), dayOfMonth(to));
    return { months: whole ? { from: `${first}-01`, to: `${last}-01` } : undefined, days };
  }
  const head = edgeOf(first, dayOfMonth(from), lengthOf(first));
  const tail = edgeOf(last, 1, dayOfMonth(to));
  const months = {
    from: `${head.whole ? first : shiftMonth(first, 1)}-01`,
    to: `${tail.whole ? last : shiftMonth(last, -1)}-01`,
  };
  return { months: months.from <= months.to ? months : undefined, days: [...head.days, ...tail.days] };
}

/** What the days `from` to `to` of a month are: themselves, or the whole month less the others. */
function edgeOf(month: string, from: number, to: number): { readonly whole: boolean; readonly days: SignedDays[] } {
  const length = lengthOf(month);
  const inside = to - from + 1;
  const whole = inside > length - inside;
  const parts = whole
    ? [
        [1, from - 1],
        [to + 1, length],
      ]
    : [[from, to]];
  const days = parts.flatMap(([start = 0, end = 0]): SignedDays[] =>
    start > end ? [] : [{ from: dayIn(month, start), to: dayIn(month, end), sign: whole ? -1 : 1 }],
  );
  return { whole, days };
}
