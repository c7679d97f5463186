import type { DailyUsers, MinuteTotals, Retention, TopEvents } from '@app/analytics';
import { formatInstant } from '@app/events';

export interface DailyUsersDto {
  readonly date: string;
  readonly unique_users: number;
}

export interface TopEventDto {
  readonly name: string;
  readonly count: number;
  /** Only of the last entry, and only when it stands for all names that have no count of their own. */
  readonly other?: true;
}

export interface CohortRetentionDto {
  readonly cohort_size: number;
  readonly windows: readonly RetentionWindowDto[];
}

export interface RetentionWindowDto {
  readonly day: number;
  readonly count: number;
  readonly rate: number | null;
}

export interface MinuteTotalsDto {
  readonly minute: string;
  readonly event_count: number;
  readonly total_amount: number;
}

export function toDailyUsersDto({ date, uniqueUsers }: DailyUsers): DailyUsersDto {
  return { date, unique_users: uniqueUsers };
}

export function toTopEventDtos({ names, otherCount }: TopEvents): TopEventDto[] {
  const named = names.map(({ name, count }) => ({ name, count }));
  return otherCount === 0 ? named : [...named, { name: 'other', count: otherCount, other: true }];
}

export function toRetentionDto({ cohortSize, windows }: Retention): CohortRetentionDto {
  return { cohort_size: cohortSize, windows: windows.map(({ day, count, rate }) => ({ day, count, rate })) };
}

export function toMinuteTotalsDto({ minute, eventCount, totalAmount }: MinuteTotals): MinuteTotalsDto {
  return { minute: formatInstant(minute), event_count: eventCount, total_amount: totalAmount };
}
