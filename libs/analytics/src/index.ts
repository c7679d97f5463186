export { dayOf, daysBetween, shiftDay, type DayRange } from './utc-day';
export {
  Statistics,
  type Cohort,
  type DailyUsers,
  type MinuteTotals,
  type NameCount,
  type Retention,
  type RetentionWindow,
  type TopEvents,
} from './statistics';
