import { BatchTooLargeError } from '../batch-too-large.error';
import { dayKeyOf } from './utc-day';

/** Days are numbers: days since 1970-01-01, UTC. */
export interface ActivityChange {
  readonly projectId: number;
  /** The user's first day before; undefined of a new user. */
  readonly firstBefore: number | undefined;
  /** Days that are new, each once. */
  readonly added: readonly number[];
  /**
   * Every day of the user, the added ones too, that is within RETENTION_DAYS of an added one, or after the first day
   * before where that day is no longer the first. Others may be there.
   */
  readonly days: readonly number[];
}

export interface DayUsersDelta {
  readonly projectId: number;
  readonly day: number;
  users: number;
  newUsers: number;
}

export interface RetentionDelta {
  readonly projectId: number;
  readonly startDay: number;
  readonly daysLater: number;
  activeUsers: number;
  newUsers: number;
}

export interface ActivityDeltas {
  /** By project and day. */
  readonly dayUsers: readonly DayUsersDelta[];
  /** By project, start day and days later. */
  readonly retention: readonly RetentionDelta[];
}

/** How much later somebody who comes back is still counted. */
export const RETENTION_DAYS = 365;

/**
 * What one transaction may change at most: 20,000 rows of retention take PostgreSQL 0.3 s, a million pairs of days this
 * process 0.1 s. One event of one user changes 730 rows at most, by as many pairs.
 */
const MAX_RETENTION_ROWS = 20_000;
const MAX_PAIRS = 1_000_000;

/**
 * Pure. What the days that users were active on, and were not known to be, change in the numbers of all days.
 *
 * @throws {BatchTooLargeError} years of somebody's days at once: each of them is a pair with each other.
 */
export function activityDeltas(changes: readonly ActivityChange[]): ActivityDeltas {
  const deltas = new Deltas();
  let pairs = 0;
  for (const change of changes) {
    pairs += change.added.length * change.days.length;
    if (pairs > MAX_PAIRS) throw new BatchTooLargeError();
    addUser(deltas, change);
    if (deltas.retentionRows > MAX_RETENTION_ROWS) throw new BatchTooLargeError();
  }
  return deltas.sorted();
}

/** Pure. What takes away what these add. */
export function negatedActivity({ dayUsers, retention }: ActivityDeltas): ActivityDeltas {
  return {
    dayUsers: dayUsers.map((delta) => ({ ...delta, users: -delta.users, newUsers: -delta.newUsers })),
    retention: retention.map((delta) => ({
      ...delta,
      activeUsers: -delta.activeUsers,
      newUsers: -delta.newUsers,
    })),
  };
}

function addUser(deltas: Deltas, { projectId, firstBefore, added, days }: ActivityChange): void {
  const isAdded = new Set(added);
  const first = Math.min(firstBefore ?? Infinity, ...added);
  const countPair = (start: number, later: number): void => {
    if (later > start + RETENTION_DAYS) return;
    const delta = deltas.retention(projectId, start, later - start);
    delta.activeUsers += 1;
    if (start === first) delta.newUsers += 1;
  };
  for (const day of added) {
    deltas.dayUsers(projectId, day).users += 1;
    for (const other of days) {
      if (other < day) countPair(other, day);
      // A pair of two added days is counted at the later one.
      else if (other > day && !isAdded.has(other)) countPair(day, other);
    }
  }
  if (first === firstBefore) return;
  deltas.dayUsers(projectId, first).newUsers += 1;
  if (firstBefore === undefined) return;
  // They are new on an earlier day now, and no longer among the new ones of what was their first day.
  deltas.dayUsers(projectId, firstBefore).newUsers -= 1;
  for (const later of days) {
    if (isAdded.has(later) || later <= firstBefore || later > firstBefore + RETENTION_DAYS) continue;
    deltas.retention(projectId, firstBefore, later - firstBefore).newUsers -= 1;
  }
}

class Deltas {
  retentionRows = 0;
  private readonly days = new Map<number, DayUsersDelta>();
  private readonly pairs = new Map<number, Map<number, RetentionDelta>>();

  dayUsers(projectId: number, day: number): DayUsersDelta {
    const key = dayKeyOf(projectId, day);
    let delta = this.days.get(key);
    if (delta === undefined) this.days.set(key, (delta = { projectId, day, users: 0, newUsers: 0 }));
    return delta;
  }

  retention(projectId: number, startDay: number, daysLater: number): RetentionDelta {
    const key = dayKeyOf(projectId, startDay);
    let ofDay = this.pairs.get(key);
    if (ofDay === undefined) this.pairs.set(key, (ofDay = new Map<number, RetentionDelta>()));
    let delta = ofDay.get(daysLater);
    if (delta === undefined) {
      this.retentionRows += 1;
      ofDay.set(daysLater, (delta = { projectId, startDay, daysLater, activeUsers: 0, newUsers: 0 }));
    }
    return delta;
  }

  sorted(): ActivityDeltas {
    const retention = inOrder(this.pairs).flatMap((ofDay) => inOrder(ofDay));
    return { dayUsers: inOrder(this.days), retention };
  }
}

function inOrder<T>(map: ReadonlyMap<number, T>): T[] {
  return [...map].sort(([a], [b]) => a - b).map(([, value]) => value);
}
