import { RollupMemory } from './rollup-memory';
import { dayKeyOf } from './utc-day';

const pairsOf = (day: number, users: number, from = 0): { projectId: number; day: number; userId: string }[] =>
  Array.from({ length: users }, (_, index) => ({ projectId: 1, day, userId: `u${from + index}` }));

it('knows what it was told, of that project and day only', () => {
  const memory = new RollupMemory();
  memory.remember({ pairs: pairsOf(5, 1), names: [] });
  const known = [dayKeyOf(1, 5), dayKeyOf(1, 6), dayKeyOf(2, 5)].map((dayKey) => memory.knowsPair(dayKey, 'u0'));
  expect(known).toEqual([true, false, false]);
});

it('stays bounded, and keeps whoever is asked for', () => {
  const memory = new RollupMemory();
  const today = dayKeyOf(1, 0);
  memory.remember({ pairs: pairsOf(0, 10), names: [] });
  for (let round = 0; round < 50; round += 1) {
    memory.remember({ pairs: pairsOf(0, 20_000, 1000 + round * 20_000), names: [] });
    for (let user = 0; user < 5; user += 1) expect(memory.knowsPair(today, `u${user}`)).toBe(true);
  }
  expect([5, 6, 7, 8, 9].map((user) => memory.knowsPair(today, `u${user}`))).toEqual(Array(5).fill(false));
});

it('says of a name that it has no row of its own only on a day that is full', () => {
  const memory = new RollupMemory();
  const dayOf = (day: number, full: boolean): { projectId: number; day: number; own: Set<string>; full: boolean } => ({
    ...{ projectId: 1, day, own: new Set(['a']), full },
  });
  memory.remember({ pairs: [], names: [dayOf(1, false), dayOf(2, true)] });
  const answers = [1, 2, 3].map((day) => ['a', 'b'].map((name) => memory.hasOwnRow(dayKeyOf(1, day), name)));
  expect(answers).toEqual([
    [true, undefined],
    [true, false],
    [undefined, undefined],
  ]);
});

it('forgets the days of names that it learnt first when there are too many', () => {
  const memory = new RollupMemory();
  for (let day = 0; day < 100; day += 1) {
    const own = new Set(Array.from({ length: 1000 }, (_, index) => `n${index}`));
    memory.remember({ pairs: [], names: [{ projectId: 1, day, own, full: true }] });
  }
  const known = [0, 49, 50, 99].map((day) => memory.hasOwnRow(dayKeyOf(1, day), 'n1'));
  expect(known).toEqual([undefined, undefined, true, true]);
});

it('forgets everything when told to', () => {
  const memory = new RollupMemory();
  memory.remember({ pairs: pairsOf(0, 1), names: [{ projectId: 1, day: 0, own: new Set(['a']), full: true }] });
  memory.forget();
  expect([memory.knowsPair(dayKeyOf(1, 0), 'u0'), memory.hasOwnRow(dayKeyOf(1, 0), 'a')]).toEqual([false, undefined]);
});
