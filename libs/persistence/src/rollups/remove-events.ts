import type { Transaction } from '../database';
import { countEvents, metricDeltas, namesOfDays, negated, type CountedEvent, type MetricDeltas } from './count-events';
import { lockNames } from './own-names';
import { removeEmptyActivity, removeEmptyMetrics } from './remove-empty-rows';
import { removeDays, type DaysLeft, type RemovedUser } from './remove-user-days';
import { upsertActivity, upsertMetrics } from './upsert-rollups';
import { activityDeltas, negatedActivity } from './user-activity';
import { countedMinutesStart, dayKeyOf, dayOf } from './utc-day';

/**
 * Takes events of one user out of the numbers, in the transaction that has removed them, after it has. Locks are taken in
 * the order of `Rollups`. Meanwhile nobody may remember names (`ErasureView.open`), and whoever stores an event of this
 * user either locks the user's row or has stored another one of that day, which is left.
 *
 * @param daysLeft of days, those of which events of the user are left anywhere.
 * @returns on how many days the user is no longer counted as active.
 * @throws {BatchTooLargeError} all can be removed, in smaller parts. Never of one event.
 */
export async function removeEvents(
  tx: Transaction,
  user: RemovedUser,
  events: readonly CountedEvent[],
  daysLeft: DaysLeft,
): Promise<number> {
  if (events.length === 0) return 0;
  const days = new Set(events.map(({ occurredAt }) => dayOf(occurredAt.getTime())));
  const change = await removeDays(tx, user, [...days], daysLeft);
  const metrics = negated(await deltasOf(tx, events));
  const activity = negatedActivity(activityDeltas(change.added.length > 0 ? [change] : []));
  await upsertActivity(tx, activity);
  await upsertMetrics(tx, metrics);
  await removeEmptyActivity(tx, activity);
  await removeEmptyMetrics(tx, metrics);
  return change.added.length;
}

/**
 * Takes days of a user on which no event of them is left out of the numbers of users; what was counted of the events stays.
 *
 * @throws {BatchTooLargeError} never of 25 days.
 */
export async function removeDaysOf(
  tx: Transaction,
  user: RemovedUser,
  days: readonly number[],
  daysLeft: DaysLeft,
): Promise<number> {
  const change = await removeDays(tx, user, days, daysLeft);
  const activity = negatedActivity(activityDeltas(change.added.length > 0 ? [change] : []));
  await upsertActivity(tx, activity);
  await removeEmptyActivity(tx, activity);
  return change.added.length;
}

/** The days of the names stay locked: while they are, no name gets or loses a row of its own. */
async function deltasOf(tx: Transaction, events: readonly CountedEvent[]): Promise<MetricDeltas> {
  const placed = events.map((event) => ({ event }));
  const counts = countEvents(placed, countedMinutesStart(new Date()).getTime());
  const days = namesOfDays(counts);
  const names = await lockNames(tx, days);
  const own = new Map(days.map(({ projectId, day }, index) => [dayKeyOf(projectId, day), names[index]]));
  return metricDeltas(counts, (projectId, day, name) => own.get(dayKeyOf(projectId, day))?.has(name) === true);
}
