import fc from 'fast-check';
import { BatchTooLargeError } from '../batch-too-large.error';
import { activityDeltas, type ActivityChange, type ActivityDeltas } from './user-activity';

type Counts = Map<string, number>;

function raise(counts: Counts, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

/** Every number of one user with these days, counted plainly. */
function countsOf(days: ReadonlySet<number>): Counts {
  const counts: Counts = new Map();
  const first = Math.min(...days);
  for (const start of days) {
    raise(counts, `users ${start}`, 1);
    if (start === first) raise(counts, `new ${start}`, 1);
    for (const later of days) {
      if (later <= start || later - start > 365) continue;
      raise(counts, `again ${start} ${later - start}`, 1);
      if (start === first) raise(counts, `new again ${start} ${later - start}`, 1);
    }
  }
  return counts;
}

function apply(counts: Counts, { dayUsers, retention }: ActivityDeltas): void {
  for (const { day, users, newUsers } of dayUsers) {
    raise(counts, `users ${day}`, users);
    raise(counts, `new ${day}`, newUsers);
  }
  for (const { startDay, daysLater, activeUsers, newUsers } of retention) {
    raise(counts, `again ${startDay} ${daysLater}`, activeUsers);
    raise(counts, `new again ${startDay} ${daysLater}`, newUsers);
  }
}

function changeOf(before: ReadonlySet<number>, added: readonly number[]): ActivityChange {
  const firstBefore = before.size === 0 ? undefined : Math.min(...before);
  return { projectId: 1, firstBefore, added, days: [...before, ...added] };
}

const day = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom(-800, -366, -365, -364, 364, 365, 366, 730));

it('says how the numbers of a user change, in whatever order the days arrive', () => {
  fc.assert(
    fc.property(fc.array(fc.uniqueArray(day, { minLength: 1, maxLength: 4 }), { maxLength: 6 }), (arrivals) => {
      const known = new Set<number>();
      const counts: Counts = new Map();
      for (const arrival of arrivals) {
        const added = arrival.filter((added) => !known.has(added));
        if (added.length === 0) continue;
        apply(counts, activityDeltas([changeOf(known, added)]));
        for (const day of added) known.add(day);
      }
      expect(counts).toEqual(countsOf(known));
    }),
    { numRuns: 500 },
  );
});

it('adds up users, keeps projects apart, and sorts by key', () => {
  const user = { firstBefore: undefined, added: [1, 3], days: [1, 3] };
  const { dayUsers, retention } = activityDeltas([
    { ...user, projectId: 2 },
    { ...user, projectId: 1 },
    { ...user, projectId: 1 },
  ]);
  expect(dayUsers).toEqual([
    { projectId: 1, day: 1, users: 2, newUsers: 2 },
    { projectId: 1, day: 3, users: 2, newUsers: 0 },
    { projectId: 2, day: 1, users: 1, newUsers: 1 },
    { projectId: 2, day: 3, users: 1, newUsers: 0 },
  ]);
  expect(retention).toEqual([
    { projectId: 1, startDay: 1, daysLater: 2, activeUsers: 2, newUsers: 2 },
    { projectId: 2, startDay: 1, daysLater: 2, activeUsers: 1, newUsers: 1 },
  ]);
});

it('are refused when they are more than a transaction should change, and never those of one event', () => {
  const decade = Array.from({ length: 3650 }, (_, day) => day);
  const change = { projectId: 1, firstBefore: undefined, added: decade, days: decade };
  expect(() => activityDeltas([change])).toThrow(BatchTooLargeError);
  const everybody = Array.from({ length: 1001 }, () => ({
    ...change,
    added: decade.slice(0, 32),
    days: decade.slice(0, 32),
  }));
  expect(() => activityDeltas(everybody)).toThrow(BatchTooLargeError);
  expect(activityDeltas([{ ...change, firstBefore: 3650, added: [0], days: [...decade, 3650] }])).toBeDefined();
});
