import { daysBetween } from '@app/analytics';
import { readDayRange } from '../../query/statistics/day-range';
import type { Arguments } from '../read-arguments';

/** How many entries the list of a field may have, by its arguments, which nobody has checked. */
export type SizeOf = (given: Arguments) => number;

interface Sized {
  readonly [name: string]: unknown;
  readonly size: SizeOf;
}

/** What is out of bounds is refused by the resolver, which reads nothing for it. */
const REFUSED = 1;

export function sizedBy(argument: string, most: number): Sized {
  return {
    size: (given) => {
      const size = given[argument];
      return typeof size === 'number' && size >= 1 && size <= most ? size : REFUSED;
    },
  };
}

export function sizedByDays(today: () => string): Sized {
  return {
    size: ({ from, to }) => {
      try {
        return daysBetween(readDayRange({ from: text(from), to: text(to) }, today())) + 1;
      } catch {
        return REFUSED;
      }
    },
  };
}

function text(given: unknown): string | undefined {
  return typeof given === 'string' ? given : undefined;
}
